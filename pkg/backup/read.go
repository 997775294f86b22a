package backup

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// Summary is what an archive was found to have.
type Summary struct {
	Header
	Files int
	Bytes int64 // Uncompressed.
}

// Verify reads an archive to its end and holds every file against its checksum.
func Verify(from io.Reader) (Summary, error) {
	return read(from, func(string, string, io.Reader) error { return nil })
}

// read goes through an archive and gives each file of a part to take, with what
// is to be read of it. What take got is good only if read gives no error.
func read(from io.Reader, take func(part, name string, body io.Reader) error) (Summary, error) {
	z, err := gzip.NewReader(from)
	if err != nil {
		return Summary{}, fmt.Errorf("%w (%w)", ErrForeign, err)
	}
	r := &reader{tar: tar.NewReader(z), take: take, seen: map[string]struct{}{}}
	if err := r.header(); err != nil {
		return Summary{}, err
	}
	for !r.ended {
		if err := r.next(); err != nil {
			return Summary{}, err
		}
	}
	// What the compression says of itself comes last.
	if _, err := r.tar.Next(); !errors.Is(err, io.EOF) {
		return Summary{}, fmt.Errorf("%w (something follows its checksums)", ErrDamaged)
	}
	if _, err := io.Copy(io.Discard, z); err != nil {
		return Summary{}, fmt.Errorf("%w (%w)", ErrDamaged, err)
	}
	return r.sum, nil
}

type reader struct {
	tar   *tar.Reader
	take  func(part, name string, body io.Reader) error
	sum   Summary
	sums  bytes.Buffer // As they are, to be compared.
	seen  map[string]struct{}
	ended bool
}

func (r *reader) header() error {
	h, err := r.tar.Next()
	if err != nil || h.Name != headerName || h.Size > headerBytes {
		return fmt.Errorf("%w (it does not begin with %s)", ErrForeign, headerName)
	}
	var text bytes.Buffer
	if err := r.sumOf(headerName, func(body io.Reader) error {
		_, err := text.ReadFrom(body)
		return err
	}); err != nil {
		return err
	}
	if err := json.Unmarshal(text.Bytes(), &r.sum.Header); err != nil {
		return fmt.Errorf("%w (%s: %w)", ErrDamaged, headerName, err)
	}
	if r.sum.Format > format {
		return fmt.Errorf("%w (%s; format %d, this one knows %d)", ErrNewer, r.sum.Version, r.sum.Format, format)
	}
	return nil
}

func (r *reader) next() error {
	h, err := r.tar.Next()
	if err != nil {
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%w (it ends before its checksums)", ErrDamaged)
		}
		return fmt.Errorf("%w (%w)", ErrDamaged, err)
	}
	if h.Name == sumsName {
		r.ended = true
		return r.compare(h.Size)
	}
	part, rest, _ := strings.Cut(h.Name, "/")
	if _, twice := r.seen[h.Name]; twice || h.Typeflag != tar.TypeReg || !filepath.IsLocal(h.Name) || filepath.Clean(h.Name) != h.Name || !slices.Contains(r.sum.Parts, part) {
		return fmt.Errorf("%w (an entry %.100q that no backup has)", ErrDamaged, h.Name)
	}
	r.seen[h.Name] = struct{}{}
	r.sum.Files++
	r.sum.Bytes += h.Size
	return r.sumOf(h.Name, func(body io.Reader) error { return r.take(part, rest, body) })
}

// sumOf notes the checksum of the entry that do reads, as far as that does.
func (r *reader) sumOf(name string, do func(body io.Reader) error) error {
	sum := sha256.New()
	source := &source{from: r.tar}
	body := io.TeeReader(source, sum)
	if err := do(body); err != nil && source.err == nil {
		return err // Of whoever took it.
	}
	if _, err := io.Copy(io.Discard, body); err != nil {
		return fmt.Errorf("%w (%s: %w)", ErrDamaged, name, err)
	}
	_, _ = fmt.Fprintf(&r.sums, "%s  %s\n", hex.EncodeToString(sum.Sum(nil)), name) // Into memory.
	return nil
}

// source remembers that it was the archive which could not be read.
type source struct {
	from io.Reader
	err  error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

func (r *reader) compare(size int64) error {
	if size > sumsBytes {
		return fmt.Errorf("%w (its checksums are too long)", ErrDamaged)
	}
	want, err := io.ReadAll(r.tar)
	if err != nil {
		return fmt.Errorf("%w (%s: %w)", ErrDamaged, sumsName, err)
	}
	if bytes.Equal(want, r.sums.Bytes()) {
		return nil
	}
	was, is := strings.Split(string(want), "\n"), strings.Split(r.sums.String(), "\n")
	for i := range min(len(was), len(is)) {
		if was[i] != is[i] {
			_, name, _ := strings.Cut(is[i], "  ")
			return fmt.Errorf("%w (%.100q is not what was backed up)", ErrDamaged, name)
		}
	}
	return fmt.Errorf("%w (files are missing)", ErrDamaged)
}
