package v8_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/v8"
)

// makers make an object of each constructor of Intl, of each kind that their
// methods give, and by each way to a constructor.
var makers = map[string]string{
	"Collator":           `new Intl.Collator("de-u-kn-true", { sensitivity: "base" })`,
	"DateTimeFormat":     `new Intl.DateTimeFormat("de", { dateStyle: "full", timeStyle: "long" })`,
	"DisplayNames":       `new Intl.DisplayNames("de", { type: "region" })`,
	"DurationFormat":     `new Intl.DurationFormat("de", { style: "long" })`,
	"ListFormat":         `new Intl.ListFormat("de", { type: "conjunction" })`,
	"Locale":             `new Intl.Locale("de-Latn-DE-u-ca-gregory-kn-true")`,
	"NumberFormat":       `new Intl.NumberFormat("de", { style: "currency", currency: "EUR" })`,
	"PluralRules":        `new Intl.PluralRules("de", { type: "ordinal" })`,
	"RelativeTimeFormat": `new Intl.RelativeTimeFormat("de", { numeric: "auto" })`,
	"Segmenter":          `new Intl.Segmenter("de", { granularity: "word" })`,
	"segments":           `words.segment("a few words")`,
	"segments' iterator": `words.segment("a few words")[Symbol.iterator]()`,
	"without new":        `Intl.NumberFormat("de")`,
	"Reflect.construct":  `Reflect.construct(Intl.NumberFormat, ["de"], Object)`,
	"subclass":           `new (class extends Intl.DateTimeFormat {})("de")`,
	"constructor":        `new words.constructor("de", { granularity: "sentence" })`,
	"bound":              `new (Intl.Collator.bind(null, "de"))()`,
}

func TestObjectsOfIntlAreCounted(t *testing.T) {
	for name, maker := range makers {
		t.Run(name, func(t *testing.T) {
			r := boot(t, `const keep = [new Uint8Array(22 << 20)], words = new Intl.Segmenter("de", { granularity: "word" });
				handlers.keep = () => { for (let i = 0; i < 400_000; i++) keep.push(`+maker+`); };
				handlers.drop = () => { for (let i = 0; i < 500; i++) keep[1] = `+maker+`; };`)
			if err := r.Turn(1, 1, 1, "drop", "", time.Minute); err != nil {
				t.Fatalf("what is let go of is counted: %v", err)
			}
			err := r.Turn(1, 1, 1, "keep", "", time.Minute)
			oom, stopped := errors.AsType[*v8.OutOfMemory](err)
			if !stopped {
				t.Fatalf("got %v, want that it is out of memory; %+v", err, r.Stats())
			}
			if all := oom.Heap + oom.Buffers + oom.Native; oom.Native < 6<<20 || all < 32<<20 || all > 96<<20 {
				t.Errorf("got %+v with a limit of 32 MiB", oom)
			}
			t.Logf("%d KiB of values, %d KiB of Intl", oom.Heap>>10, oom.Native>>10)
		})
	}
}

// TestATurnThatIsOverIsJudged has turns that never come to a place where they
// could be interrupted.
func TestATurnThatIsOverIsJudged(t *testing.T) {
	r := boot(t, `const keep = [], names = Array(1000).fill("de"); handlers.e = () => { keep.push(Array.from(names, Intl.Collator)); };`)
	for n := 1; ; n++ {
		err := r.Turn(1, 1, 1, "e", "", time.Minute)
		if errors.Is(err, v8.ErrOutOfMemory) {
			return
		}
		if s := r.Stats(); err != nil || s.HeapUsed+s.Native > 36<<20 {
			t.Fatalf("turn %d: %v, %+v", n, err, s)
		}
	}
}

func TestIntlThatIsLetGoOfCountsNoMore(t *testing.T) {
	for name, code := range map[string]string{
		"all kinds":             strings.Join(values(makers), "; "),
		"texts in a language":   `(1234.5).toLocaleString("de"), new Date(i).toLocaleString("fr"), 12n.toLocaleString("ar"), "a".localeCompare("b" + i, "sv"), [1, 2].toLocaleString("de"), "ı".toLocaleUpperCase("tr")`,
		"long texts":            `("ä" + i).repeat(1 << 17).normalize("NFD").length + ("a" + i).repeat(1 << 17).localeCompare("b")`,
		"methods":               `new Intl.DateTimeFormat("de").formatToParts(i) + new Intl.NumberFormat("de").formatToParts(i) + [...words.segment("a few words")].length`,
		"buffers beside it":     `new Intl.DateTimeFormat("de"); if (i % 50 === 0) new Uint8Array(12 << 20)`,
		"without a place to be": `if (i === 0) [...Array(500).fill("de")].forEach(Intl.Collator)`,
	} {
		t.Run(name, func(t *testing.T) {
			r := boot(t, `const words = new Intl.Segmenter("de", { granularity: "word" });
				handlers.e = () => { for (let i = 0; i < 200; i++) { `+code+` } };`)
			for range 3 {
				if err := r.Turn(1, 1, 1, "e", "", time.Minute); err != nil {
					t.Fatalf("%v; %+v", err, r.Stats())
				}
			}
			if r.Notes().Refused {
				t.Error("a buffer was refused")
			}
			t.Logf("%+v", r.Stats())
		})
	}
}

func values(m map[string]string) []string {
	var out []string
	for _, v := range m {
		out = append(out, v)
	}
	return out
}
