use std::collections::HashSet;

use proptest::prelude::*;
use tlog_tiles::stored_hash_index;

use super::*;
use crate::{
    edge::{Edge, Piece},
    entry::Entry,
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

/// Grows an edge to `size` records and hands out the tiles that this makes full.
fn grow(edge: &mut Edge, size: u64) -> Vec<Piece> {
    let mut full = Vec::new();
    for index in edge.size()..size {
        edge.push(Entry { leaf: leaf(index), sealed: Vec::new() }, &mut full);
    }
    full
}

fn hashes_in(pieces: Vec<Piece>) -> impl Iterator<Item = (Tile, Vec<[u8; HASH_BYTES]>)> {
    pieces.into_iter().filter_map(|piece| match piece {
        Piece::Hashes(tile, hashes) => Some((tile, hashes)),
        Piece::Bundle(..) => None,
    })
}

#[test]
fn published_tiles_are_those_that_others_write_with_the_content_that_they_give_them() {
    let mut edge = Edge::default();
    for old in [0].into_iter().chain(EDGES) {
        grow(&mut edge, old);
        for new in EDGES.into_iter().filter(|new| old <= *new) {
            let (mut edge, there) = (edge.clone(), hashes_in(edge.partial()).collect::<Vec<_>>());
            let mut pieces = grow(&mut edge, new);
            pieces.extend(edge.partial());
            let written: Vec<_> =
                hashes_in(pieces).filter(|piece| !there.contains(piece)).collect();

            let tiles: HashSet<_> = written.iter().map(|(tile, _)| theirs(tile)).collect();
            let others = tlog_tiles::Tile::new_tiles(TILE_HEIGHT, old, new);
            assert_eq!(tiles, others.into_iter().collect(), "{old} to {new}");
            for (tile, hashes) in &written {
                let others = theirs(tile).read_data(&WORLD.stored).unwrap();
                assert_eq!(hashes.as_flattened(), others, "{tile:?} of {old} to {new}");
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn tile_is_as_wide_as_others_make_it(size in 1..=LEAVES) {
        let level = |level| (0..).map_while(move |index| Tile::of(level, index, size));
        let ours: Vec<_> = (0..8).flat_map(level).map(|tile| theirs(&tile)).collect();

        prop_assert_eq!(ours, tlog_tiles::Tile::new_tiles(TILE_HEIGHT, 0, size));
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
