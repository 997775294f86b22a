package later_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/later"
)

// FuzzParse: a stored message that is damaged is refused, and what is read is
// what was written.
func FuzzParse(f *testing.F) {
	key, err := later.NewKey(time.UnixMilli(5))
	if err != nil {
		f.Fatal(err)
	}
	put, err := later.Message{Name: "n", Value: "v\x00", Backoff: []int64{1}, IfUndelivered: [][]byte{{0xff}}, At: 5}.Put(key)
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{put.Value, "", "m", "m\x00", "m\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "m\x02{}rest", "x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := later.Parse(s)
		if err != nil {
			return
		}
		put, err := m.Put(key)
		if err != nil {
			t.Fatal(err)
		}
		again, err := later.Parse(put.Value)
		if diff := cmp.Diff(m, again); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
}
