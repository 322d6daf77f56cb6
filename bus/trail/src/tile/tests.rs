use super::*;

fn path_of(level: u8, index: u64, width: u16) -> String {
    Tile { level, index, width }.path().to_str().unwrap().to_owned()
}

#[test]
fn path_groups_the_index_by_three_digits() {
    assert_eq!(path_of(0, 0, 256), "tile/0/000");
    assert_eq!(path_of(3, 7, 256), "tile/3/007");
    assert_eq!(path_of(0, 999, 255), "tile/0/999.p/255");
    assert_eq!(path_of(1, 1000, 256), "tile/1/x001/000");
    assert_eq!(path_of(1, 1_234_067, 1), "tile/1/x001/x234/067.p/1");
    let entries = Tile { level: 0, index: 1_234_067, width: 256 }.entries_path();
    assert_eq!(entries.to_str(), Some("tile/entries/x001/x234/067"));
}

#[test]
fn path_reads_back_as_what_it_names() {
    for index in [0, 1, 999, 1000, 123_456, 999_999, 1_000_000, 1_234_067, u64::MAX >> 8] {
        for width in [1, 9, 10, 255, 256] {
            let tile = Tile { level: 0, index, width };
            for file in [TileFile::Entries(tile), TileFile::Hashes(Tile { level: 7, ..tile })] {
                let path = file.path().to_str().unwrap().to_owned();

                assert_eq!(TileFile::parse(&path), Some(file), "{path}");
            }
        }
    }
}

#[test]
fn any_other_spelling_names_no_tile() {
    for path in [
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/x1/000",
        "tile/0/x001",
        "tile/0/+01",
        "tile/00/000",
        "tile/8/000",
        "tile/-1/000",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000.tmp",
        "tile/data/000",
        "tile/0//000",
        "/tile/0/000",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
    ] {
        assert_eq!(TileFile::parse(path), None, "{path}");
    }
}

#[test]
fn tree_has_whole_tiles_and_one_partial_tile_a_level() {
    let tiles = |size| -> Vec<String> {
        let level = |level| (0..).map_while(move |index| Tile::of(level, index, size));
        (0..8).flat_map(level).map(|tile| tile.path().to_str().unwrap().to_owned()).collect()
    };

    assert!(tiles(0).is_empty());
    assert_eq!(tiles(1), ["tile/0/000.p/1"]);
    assert_eq!(tiles(255), ["tile/0/000.p/255"]);
    assert_eq!(tiles(256), ["tile/0/000", "tile/1/000.p/1"]);
    assert_eq!(tiles(257), ["tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1"]);
    assert_eq!(tiles(65_535).len(), 256 + 1);
    assert_eq!(tiles(65_536).len(), 256 + 1 + 1);
    assert_eq!(
        tiles(65_537)[255..],
        ["tile/0/255", "tile/0/256.p/1", "tile/1/000", "tile/2/000.p/1"]
    );
}

#[test]
fn subtree_is_found_in_the_tile_that_holds_its_leaves() {
    let node = |level, index| Tile::holding(level, index, 70_000).unwrap();

    assert_eq!(
        node(0, 300),
        Node { tile: Tile { level: 0, index: 1, width: 256 }, level_in_tile: 0, position: 44 }
    );
    assert_eq!(
        node(3, 8749),
        Node { tile: Tile { level: 0, index: 273, width: 112 }, level_in_tile: 3, position: 13 }
    );
    assert_eq!(
        node(8, 272),
        Node { tile: Tile { level: 1, index: 1, width: 17 }, level_in_tile: 0, position: 16 }
    );
    assert_eq!(node(16, 0).tile, Tile { level: 2, index: 0, width: 1 });
}

#[test]
fn subtree_that_is_not_whole_is_in_no_tile() {
    assert_eq!(Tile::holding(0, 70_000, 70_000), None);
    assert_eq!(Tile::holding(4, 4375, 70_000), None);
    assert!(Tile::holding(4, 4374, 70_000).is_some());
    assert_eq!(Tile::holding(16, 1, 70_000), None);
    assert_eq!(Tile::holding(63, u64::MAX, u64::MAX), None);
}
