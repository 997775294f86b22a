package client

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// maxEvent bounds an event of a stream. A log line has at most 16 KiB before it
// is written as JSON.
const maxEvent = 1 << 20

// event is one server-sent event. Without data it only carries retry, or the id
// that the stream is at.
type event struct {
	name, id, data string
	retry          time.Duration // Below 0 when not said.
}

// events reads a stream of server-sent events.
type events struct{ lines *bufio.Scanner }

func newEvents(r io.Reader) *events {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 4096), maxEvent)
	return &events{lines: s}
}

// next reads up to the end of the next event; alive is called for every line,
// comments too. An event that the stream's end cuts off is dropped.
func (r *events) next(alive func()) (event, error) {
	e := event{retry: -1}
	var data []string
	size := 0
	for r.lines.Scan() {
		alive()
		line := r.lines.Text()
		if line == "" {
			if data == nil && e.retry < 0 && e.id == "" {
				e = event{retry: -1}
				continue
			}
			e.data = strings.Join(data, "\n")
			return e, nil
		}
		if size += len(line); size > maxEvent {
			return event{}, fmt.Errorf("an event of the stream has more than %d bytes", maxEvent)
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "event":
			e.name = value
		case "id":
			e.id = value
		case "data":
			data = append(data, value)
		case "retry":
			if ms, err := strconv.ParseUint(value, 10, 31); err == nil {
				e.retry = time.Duration(ms) * time.Millisecond //nolint:gosec // 31 bits.
			}
		}
	}
	err := r.lines.Err()
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	if errors.Is(err, bufio.ErrTooLong) {
		err = fmt.Errorf("a line of the stream has more than %d bytes", maxEvent)
	}
	return event{}, err
}
