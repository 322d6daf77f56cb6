package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	height = 8 // of a tile, C2SP tlog-tiles
	width  = 1 << height
	tries  = 10 // a log at work replaces its partial tiles while they are looked for
)

// folder is a log's folder. It names tiles as C2SP does: tlog's own names have their height in them.
type folder string

func (f folder) Height() int                         { return height }
func (f folder) SaveTiles(_ []tlog.Tile, _ [][]byte) {}

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, tile := range tiles {
		found, have, err := f.read(tile)
		if err != nil {
			return nil, err
		}
		if len(found) != have*tlog.HashSize {
			return nil, fmt.Errorf("%s has %d bytes, not %d hashes", f.path(tile), len(found), have)
		}
		data[i] = found[:tile.W*tlog.HashSize]
	}
	return data, nil
}

// records returns the records below a tile of level 0.
func (f folder) records(tile tlog.Tile) ([][]byte, error) {
	tile.L = -1
	rest, have, err := f.read(tile)
	if err != nil {
		return nil, err
	}
	var records [][]byte
	for len(rest) > 0 {
		if len(rest) < 2 || len(rest)-2 < int(binary.BigEndian.Uint16(rest)) {
			return nil, fmt.Errorf("%s ends within record %d", f.path(tile), len(records))
		}
		end := 2 + int(binary.BigEndian.Uint16(rest))
		records, rest = append(records, rest[2:end]), rest[end:]
	}
	if len(records) != have {
		return nil, fmt.Errorf("%s has %d records, not %d", f.path(tile), len(records), have)
	}
	return records[:tile.W], nil
}

// read returns a tile, or a wider one that took its place, and how wide what was found is.
func (f folder) read(tile tlog.Tile) ([]byte, int, error) {
	missing := fmt.Errorf("%s is not there", f.path(tile))
	for try := 0; try < tries; try++ {
		for _, wider := range f.from(tile) {
			data, err := os.ReadFile(f.path(wider))
			if err == nil {
				return data, wider.W, nil
			}
			if !errors.Is(err, fs.ErrNotExist) {
				return nil, 0, err
			}
		}
	}
	return nil, 0, missing
}

// from returns the tile and the wider ones that may stand in for it.
func (f folder) from(tile tlog.Tile) []tlog.Tile {
	tiles := []tlog.Tile{tile}
	full := tile
	full.W = width
	names, _ := os.ReadDir(f.path(full) + ".p")
	for _, name := range names {
		if wide, err := strconv.Atoi(name.Name()); err == nil && tile.W < wide && wide < width {
			wider := tile
			wider.W = wide
			tiles = append(tiles, wider)
		}
	}
	return append(tiles, full)
}

func (f folder) path(tile tlog.Tile) string {
	name := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
	return filepath.Join(string(f), strings.Replace(name, "tile/data/", "tile/entries/", 1))
}

// tilesOf returns the tiles of one level.
func tilesOf(level int, size int64) []tlog.Tile {
	var tiles []tlog.Tile
	hashes := size >> (height * level)
	for n := int64(0); n*width < hashes; n++ {
		wide := hashes - n*width
		if width < wide {
			wide = width
		}
		tiles = append(tiles, tlog.Tile{H: height, L: level, N: n, W: int(wide)})
	}
	return tiles
}
