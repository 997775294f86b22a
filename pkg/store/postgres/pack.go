package postgres

import (
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Sources and bundles shrink to a fraction, which costs less than to send and
// to store them whole.
var (
	packer = sync.OnceValues(func() (*zstd.Encoder, error) {
		return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	})
	unpacker = sync.OnceValues(func() (*zstd.Decoder, error) {
		return zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(1<<30))
	})
)

func pack(b []byte) ([]byte, error) {
	z, err := packer()
	if err != nil {
		return nil, fmt.Errorf("prepare to compress: %w", err)
	}
	return z.EncodeAll(b, nil), nil
}

func unpack(b []byte) ([]byte, error) {
	z, err := unpacker()
	if err != nil {
		return nil, fmt.Errorf("prepare to uncompress: %w", err)
	}
	return z.DecodeAll(b, nil)
}
