package app

import (
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/config"
)

// TestDataFolderIsOneRuntimes: also where no database in it would refuse a second.
func TestDataFolderIsOneRuntimes(t *testing.T) {
	t.Parallel()
	first, second := &runtime{cfg: config.Config{DataDir: t.TempDir()}, life: newLifeline(zap.NewNop())}, &runtime{life: newLifeline(zap.NewNop())}
	second.cfg = first.cfg
	if err := first.openFolder(); err != nil {
		t.Fatal(err)
	}
	if err := second.openFolder(); err == nil || !strings.Contains(err.Error(), "each process needs one of its own") {
		t.Fatalf("two runtimes use one folder: %v", err)
	}
	if err := first.life.stop(); err != nil {
		t.Fatal(err)
	}
	if err := second.openFolder(); err != nil {
		t.Fatal(err)
	}
	if err := second.life.stop(); err != nil {
		t.Fatal(err)
	}
}
