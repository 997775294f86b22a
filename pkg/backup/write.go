package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/gzip"
)

// Write writes an archive of the parts. Files that grow meanwhile are taken as
// they were when it came to them, and those that went are left out.
func Write(ctx context.Context, to io.Writer, version string, made time.Time, parts []Part) error {
	h := Header{Format: format, Version: version, Made: made.UTC()}
	for _, p := range parts {
		if _, err := os.Lstat(p.Path); err == nil {
			h.Parts = append(h.Parts, p.Name)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("look at what is to be backed up: %w", err)
		}
	}
	z, err := gzip.NewWriterLevel(to, gzip.BestSpeed)
	if err != nil {
		return fmt.Errorf("compress the archive: %w", err)
	}
	w := &writer{ctx: ctx, tar: tar.NewWriter(z), made: h.Made}
	text, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("encode the archive's header: %w", err)
	}
	if err := w.add(headerName, int64(len(text)), bytes.NewReader(text)); err != nil {
		return err
	}
	for _, p := range parts {
		if err := w.part(p); err != nil {
			return err
		}
	}
	sums := bytes.Clone(w.sums.Bytes())
	if err := w.add(sumsName, int64(len(sums)), bytes.NewReader(sums)); err != nil {
		return err
	}
	if err := errors.Join(w.tar.Close(), z.Close()); err != nil {
		return fmt.Errorf("end the archive: %w", err)
	}
	return nil
}

type writer struct {
	ctx  context.Context //nolint:containedctx // Of one call of Write.
	tar  *tar.Writer
	made time.Time
	sums bytes.Buffer // What sha256sum reads.
}

func (w *writer) part(p Part) error {
	// The walk does not follow links, and the part may be one to another disk.
	root, err := filepath.EvalSymlinks(p.Path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, there := os.Lstat(p.Path); there != nil {
			return nil // It went meanwhile.
		}
	}
	if err != nil {
		return fmt.Errorf("%s is a link that cannot be followed: %w", p.Path, err)
	}
	return filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			var rel string
			if rel, err = filepath.Rel(root, file); err == nil {
				err = w.file(path.Join(p.Name, filepath.ToSlash(rel)), file)
			}
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // It went meanwhile.
		}
		return err
	})
}

func (w *writer) file(name, file string) error {
	f, err := os.Open(file) //nolint:gosec // Of a part.
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // It was only read.
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return w.add(name, info.Size(), f)
}

func (w *writer) add(name string, size int64, from io.Reader) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	err := w.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: w.made, Format: tar.FormatPAX})
	if err != nil {
		return fmt.Errorf("write %s into the archive: %w", name, err)
	}
	sum := sha256.New()
	if _, err := io.CopyN(io.MultiWriter(w.tar, sum), from, size); err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("it became shorter while it was read; try again")
		}
		return fmt.Errorf("write %s into the archive: %w", name, err)
	}
	_, _ = fmt.Fprintf(&w.sums, "%s  %s\n", hex.EncodeToString(sum.Sum(nil)), name) // Into memory.
	return nil
}
