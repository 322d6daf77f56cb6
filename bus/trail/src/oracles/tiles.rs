use proptest::prelude::*;
use tlog_tiles::stored_hash_index;

use super::*;
use crate::{
    tile::{TILE_HEIGHT, Tile},
    tree::node_from_tile,
};

fn theirs(tile: &Tile) -> tlog_tiles::Tile {
    tlog_tiles::Tile::new(TILE_HEIGHT, tile.level, tile.index, tile.width.into(), false)
}

fn content(tile: &Tile) -> &'static [[u8; HASH_BYTES]] {
    let first = (tile.index * 256) as usize;
    &WORLD.rows[usize::from(tile.level * TILE_HEIGHT)][first..first + usize::from(tile.width)]
}

#[test]
fn tiles_of_a_tree_have_the_content_that_others_give_them() {
    for size in EDGES {
        for tile in Tile::all(size) {
            let content = content(&tile).concat();
            assert_eq!(theirs(&tile).read_data(&WORLD.stored).unwrap(), content, "{tile:?}");
        }
    }
}

#[test]
fn growing_to_and_from_every_edge_writes_the_tiles_that_others_write() {
    for (old, new) in EDGES.into_iter().flat_map(|old| EDGES.map(|new| (old, new))) {
        if old <= new {
            compare_tiles(old, new);
        }
    }
    compare_tiles(0, 65_537);
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn random_growth_writes_the_tiles_that_others_write(
        old in 0..LEAVES,
        count in prop_oneof![0_u64..1000, 0..=LEAVES],
    ) {
        compare_tiles(old, (old + count).min(LEAVES));
    }

    #[test]
    fn subtree_folded_from_a_tile_is_the_one_that_others_fold(
        size in 1..=LEAVES,
        level in 0_u8..16,
        pick: prop::sample::Index,
    ) {
        let level = level.min(size.ilog2() as u8);
        let index = pick.index((size >> level) as usize) as u64;

        let node = Tile::holding(level, index, size).unwrap();
        let hashes = content(&node.tile);
        let ours = node_from_tile(hashes, node.level_in_tile, node.position.into());

        let stored = stored_hash_index(level, index);
        let others = theirs(&node.tile).hash_at_index(&hashes.concat(), stored).unwrap();
        prop_assert_eq!(Hash(ours), others);
        prop_assert_eq!(ours, WORLD.rows[usize::from(level)][index as usize]);
        prop_assert_eq!(Tile::holding(level, size >> level, size), None);
    }
}

fn compare_tiles(old: u64, new: u64) {
    let ours: Vec<_> = Tile::grown(old, new).map(|tile| theirs(&tile)).collect();

    assert_eq!(ours, tlog_tiles::Tile::new_tiles(TILE_HEIGHT, old, new), "{old} to {new}");
}
