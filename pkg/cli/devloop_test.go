package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestDevDoesNotTrustALostDeployment: the server failed in the middle, and may run
// what was sent; what ran before is no longer taken for what runs.
func TestDevDoesNotTrustALostDeployment(t *testing.T) {
	t.Parallel()
	posts := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/stream"):
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		case r.Method == http.MethodPost:
			if posts++; posts == 2 { // One deployment follows the other.
				w.WriteHeader(http.StatusInternalServerError)
			}
			_, _ = fmt.Fprintf(w, `{"entry":"src/main.ts","revision_id":"r-%d","message":"a fault"}`, posts)
		case strings.HasPrefix(r.URL.Path, "/api/logs/"):
			_, _ = io.WriteString(w, "[]")
		default:
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"message":"no"}`)
		}
	}))
	defer s.Close()
	dir := t.TempDir()
	save := func(text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "main.ts"), []byte("console.log("+text+")"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	save("1")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	out := &seen{more: make(chan struct{}, 1)}
	done := make(chan ExitCode, 1)
	working, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		done <- Main(working, State{
			Args: []string{"dev", "--json"}, Env: []string{"FLORA_API_URL=" + s.URL, "FLORA_TOKEN=" + token, "FLORA_GUILD=" + guildID, "HOME=" + dir},
			Dir: dir, Stdin: strings.NewReader(""), Stdout: out, Stderr: io.Discard,
		})
	}()
	wait := func(text string) {
		t.Helper()
		if err := out.until(ctx, 1, text); err != nil {
			t.Fatal(err)
		}
	}
	wait(`"revision":"r-1"`)
	save("2")
	wait(`"running":""`)
	save("1")
	wait(`"revision":"r-3"`)
	stop()
	if code := <-done; code != OK {
		t.Errorf("exit code %d", code)
	}
}
