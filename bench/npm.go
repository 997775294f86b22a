package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// workerdBinary comes with its npm package.
var workerdBinary = filepath.Join("node_modules", "@cloudflare", "workerd-linux-64", "bin", "workerd")

// installLimit bounds the download.
const installLimit = 5 * time.Minute

// install brings the pinned peers, once per lock file.
func (b *bench) install(ctx context.Context) error {
	lock, err := os.Stat(filepath.Join(b.peerDir, "package-lock.json"))
	if err != nil {
		return fmt.Errorf("find the peers: %w", err)
	}
	done, err := os.Stat(filepath.Join(b.peerDir, "node_modules", ".package-lock.json"))
	if err == nil && !done.ModTime().Before(lock.ModTime()) {
		return nil
	}
	b.logf("installing the peers")
	ctx, cancel := context.WithTimeout(ctx, installLimit)
	defer cancel()
	// No package's own scripts: none of these needs one.
	cmd := command(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	cmd.Dir = b.peerDir
	if _, err := output(cmd); err != nil {
		return fmt.Errorf("install discord.js, eris and workerd: %w", err)
	}
	return nil
}
