// Verify checks a trail with what Go's module system checks its own log with: golang.org/x/mod's
// sumdb/note and sumdb/tlog. It shares no code with the gateway.
//
//	verify TRAIL_DIR VERIFIER_KEY [KEPT_DIR]
//
// KEPT_DIR holds what somebody kept of the log: receipts (*.tlog-proof) and older checkpoints
// (*.checkpoint). Prints what it verified as one line of JSON, or the first fault, and ends with 1.
//
// Debian has all it needs, golang-go and golang-golang-x-mod-dev:
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go build verify.go folder.go
package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// sample says how many records are proven one by one.
const sample = 100

// counts says how much was verified.
type counts struct{ records, bundles, tiles, receipts, checkpoints int }

func main() {
	if len(os.Args) < 3 || 4 < len(os.Args) {
		fmt.Fprintln(os.Stderr, "usage: verify TRAIL_DIR VERIFIER_KEY [KEPT_DIR]")
		os.Exit(2)
	}
	done, err := verify(os.Args[1], os.Args[2], os.Args[3:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "fault:", err)
		os.Exit(1)
	}
	fmt.Printf("{\"records\": %d, \"bundles\": %d, \"tiles\": %d, \"receipts\": %d, \"checkpoints\": %d}\n",
		done.records, done.bundles, done.tiles, done.receipts, done.checkpoints)
}

func verify(dir, vkey string, kept []string) (counts, error) {
	var done counts
	key, err := note.NewVerifier(vkey)
	if err != nil {
		return done, err
	}
	newest, err := readCheckpoint(filepath.Join(dir, "checkpoint"), key)
	if err != nil {
		return done, err
	}
	if newest.N == 0 {
		return done, errors.New("checkpoint is of an empty log, nothing can be verified")
	}
	files := folder(dir)
	proven := tlog.TileHashReader(newest, files)
	hashes, err := hashRecords(files, newest, proven, &done)
	if err != nil {
		return done, err
	}
	if err := compareTiles(files, newest, hashes, &done); err != nil {
		return done, err
	}
	if err := proveSample(newest, proven, hashes); err != nil {
		return done, err
	}
	for _, folder := range kept {
		if err := checkKept(folder, key, newest, proven, hashes, &done); err != nil {
			return done, err
		}
	}
	return done, nil
}

// === Checkpoints ===

// readCheckpoint returns the tree that a signed checkpoint commits to.
func readCheckpoint(path string, key note.Verifier) (tlog.Tree, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return tlog.Tree{}, err
	}
	checkpoint, err := openCheckpoint(text, key)
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("%s: %w", path, err)
	}
	return checkpoint, nil
}

func openCheckpoint(text []byte, key note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(text, note.VerifierList(key))
	if err != nil {
		return tlog.Tree{}, err
	}
	if !bytes.Equal(text, written(opened)) {
		return tlog.Tree{}, errors.New("note is not spelled as notes are")
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return tlog.Tree{}, errors.New("checkpoint is not three lines")
	}
	if lines[0] != key.Name() {
		return tlog.Tree{}, fmt.Errorf("checkpoint is of %q, the key of %q", lines[0], key.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return tlog.Tree{}, fmt.Errorf("%q is no size", lines[1])
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("%q is no root", lines[2])
	}
	return tlog.Tree{N: size, Hash: root}, nil
}

// written spells a note out again: note.Open ignores the last bits of a base64 text.
func written(opened *note.Note) []byte {
	text := opened.Text + "\n"
	for _, sig := range append(opened.Sigs, opened.UnverifiedSigs...) {
		blob, _ := base64.StdEncoding.DecodeString(sig.Base64)
		text += "\u2014 " + sig.Name + " " + base64.StdEncoding.EncodeToString(blob) + "\n"
	}
	return []byte(text)
}

// === The tree ===

// stored holds the hash of every perfect subtree, made from the records alone.
type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if int64(len(s)) <= index {
			return nil, fmt.Errorf("hash %d is beyond the log", index)
		}
		hashes[i] = s[index]
	}
	return hashes, nil
}

// hashRecords hashes every record, and compares it with its hash in the tiles.
func hashRecords(files folder, tree tlog.Tree, proven tlog.HashReader, done *counts) (stored, error) {
	var hashes stored
	for _, tile := range tilesOf(0, tree.N) {
		records, err := files.records(tile)
		if err != nil {
			return nil, err
		}
		first := tile.N * width
		indexes := make([]int64, len(records))
		for i := range records {
			indexes[i] = tlog.StoredHashIndex(0, first+int64(i))
		}
		want, err := proven.ReadHashes(indexes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", files.path(tile), err)
		}
		for i, record := range records {
			if tlog.RecordHash(record) != want[i] {
				return nil, fmt.Errorf("record %d is not the one that the tiles have", first+int64(i))
			}
			more, err := tlog.StoredHashes(first+int64(i), record, hashes)
			if err != nil {
				return nil, err
			}
			hashes = append(hashes, more...)
		}
		done.records += len(records)
		done.bundles++
	}
	root, err := tlog.TreeHash(tree.N, hashes)
	if err != nil {
		return nil, err
	}
	if root != tree.Hash {
		return nil, errors.New("the records do not give the root of the checkpoint")
	}
	return hashes, nil
}

// compareTiles looks at every byte of every tile: proofs look only at what they need.
func compareTiles(files folder, tree tlog.Tree, hashes stored, done *counts) error {
	for level := 0; tree.N>>(height*level) > 0; level++ {
		for _, tile := range tilesOf(level, tree.N) {
			want, err := tlog.ReadTileData(tile, hashes)
			if err != nil {
				return err
			}
			found, err := files.ReadTiles([]tlog.Tile{tile})
			if err != nil {
				return err
			}
			if !bytes.Equal(found[0], want) {
				return fmt.Errorf("%s is not what the records give", files.path(tile))
			}
			done.tiles++
		}
	}
	return nil
}

func proveSample(tree tlog.Tree, proven tlog.HashReader, hashes stored) error {
	for i := int64(0); i < sample; i++ {
		n := i * (tree.N - 1) / (sample - 1)
		proof, err := tlog.ProveRecord(tree.N, n, proven)
		if err != nil {
			return fmt.Errorf("record %d: %w", n, err)
		}
		hash := hashes[tlog.StoredHashIndex(0, n)]
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, n, hash); err != nil {
			return fmt.Errorf("record %d: %w", n, err)
		}
	}
	return nil
}

// === What was kept ===

func checkKept(
	dir string, key note.Verifier, newest tlog.Tree, proven tlog.HashReader, hashes stored, done *counts,
) error {
	names, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		path := filepath.Join(dir, name.Name())
		var old tlog.Tree
		switch filepath.Ext(path) {
		case ".checkpoint":
			old, err = readCheckpoint(path, key)
			done.checkpoints++
		case ".tlog-proof":
			old, err = checkReceipt(path, key, hashes)
			done.receipts++
		default:
			err = errors.New("neither .checkpoint nor .tlog-proof")
		}
		if err == nil {
			err = checkGrowth(old, newest, proven)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

func checkGrowth(old, newest tlog.Tree, proven tlog.HashReader) error {
	proof, err := tlog.ProveTree(newest.N, old.N, proven)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, newest.N, newest.Hash, old.N, old.Hash)
}

// checkReceipt checks a receipt by itself, and that the log still has its record.
func checkReceipt(path string, key note.Verifier, hashes stored) (tlog.Tree, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return tlog.Tree{}, err
	}
	head, checkpoint, parts := strings.Cut(string(text), "\n\n")
	lines := strings.Split(head, "\n")
	if !parts || len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return tlog.Tree{}, errors.New("no c2sp.org/tlog-proof@v1")
	}
	old, err := openCheckpoint([]byte(checkpoint), key)
	if err != nil {
		return tlog.Tree{}, err
	}
	record, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if err != nil {
		return tlog.Tree{}, err
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	var proof tlog.RecordProof
	for _, line := range lines[3:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return tlog.Tree{}, err
		}
		proof = append(proof, hash)
	}
	hash := tlog.RecordHash(record)
	if err := tlog.CheckRecord(proof, old.N, old.Hash, index, hash); err != nil {
		return tlog.Tree{}, err
	}
	held, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
	if err == nil && held[0] != hash {
		err = fmt.Errorf("the log has another record at %d", index)
	}
	return old, err
}
