package corpus_test

import (
	"path/filepath"
	"testing"

	"github.com/flora-runtime/flora-runtime/test/hostile/corpus"
)

func TestTheCorpusIsRead(t *testing.T) {
	t.Parallel()
	all, err := corpus.All()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*/*.js")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 150 || len(all) < len(files) {
		t.Errorf("%d scripts and %d cases; the corpus never shrinks below 150 scripts", len(files), len(all))
	}
	ids := map[string]bool{}
	for _, c := range all {
		if ids[c.ID()] {
			t.Errorf("%s is there twice", c.ID())
		}
		ids[c.ID()] = true
		if len(c.Source(map[string]string{"channel": "1"})) <= len(c.Body) {
			t.Errorf("%s has nothing around it", c.ID())
		}
	}
}
