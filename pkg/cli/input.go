package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxValue bounds a value that is read; the server's own limits are below.
const maxValue = 8 << 20

// input reads a text from standard input.
func (a *app) input(most int64) (string, error) {
	b, err := io.ReadAll(io.LimitReader(a.Stdin, most+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("read standard input: %w", err)
	case int64(len(b)) > most:
		return "", coded(Limit, "standard input has more than %d bytes", most)
	case !utf8.Valid(b):
		return "", usage("standard input is not UTF-8 text")
	}
	return string(b), nil
}

// line is a text without the line feed that editors and echo put at its end.
func line(s string) string {
	return strings.TrimSuffix(strings.TrimSuffix(s, "\n"), "\r")
}

// span is a flag for a length of time: seconds, or a number with a unit.
type span time.Duration

func (s *span) String() string {
	if *s == 0 {
		return ""
	}
	return time.Duration(*s).String()
}

// Type is what help calls the value.
func (s *span) Type() string { return "time" }

const day = 24 * time.Hour

// Set reads the flag.
func (s *span) Set(text string) error {
	d, err := parseSpan(text)
	if err == nil && d < time.Second {
		err = fmt.Errorf("%q is below a second", text)
	}
	*s = span(d)
	return err
}

func (s *span) seconds() int64 { return int64(time.Duration(*s) / time.Second) }

func parseSpan(text string) (time.Duration, error) {
	const most = 100 * 366 * day
	number, unit := text, time.Second
	if days, ok := strings.CutSuffix(text, "d"); ok {
		number, unit = days, day
	}
	if n, err := strconv.ParseInt(number, 10, 64); err == nil {
		if n < 0 || n > int64(most/unit) {
			return 0, fmt.Errorf("%q is not between 1 second and 100 years", text)
		}
		return time.Duration(n) * unit, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > most {
		return 0, fmt.Errorf("%q is no time; write seconds, or like 90m, 12h or 7d", text)
	}
	return d, nil
}
