package supervisor

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"time"

	"go.uber.org/zap"
	"golang.org/x/time/rate"
)

// What a worker's stderr may put into control's log. A traceback fits.
const (
	lineBytes      = 1 << 10
	linesAtOnce    = 200
	linesPerSecond = 5
)

// listen logs what a worker writes to stderr, in lines, cut and counted, until
// it ends. It always reads on, so that the worker never waits.
func listen(r io.Reader, log *zap.Logger) {
	in := bufio.NewReaderSize(r, lineBytes)
	room := rate.NewLimiter(linesPerSecond, linesAtOnce)
	dropped := 0
	for {
		line, err := in.ReadSlice('\n')
		if text := clean(line); text != "" {
			switch {
			case !room.AllowN(time.Now(), 1):
				dropped++
			case dropped > 0:
				log.Warn("the worker wrote more than is logged", zap.Int("lines", dropped))
				dropped = 0
				fallthrough
			default:
				log.Warn("the worker wrote", zap.String("line", text))
			}
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			if dropped > 0 {
				log.Warn("the worker wrote more than is logged", zap.Int("lines", dropped))
			}
			return
		}
	}
}

// clean makes text of a line that may be anything.
func clean(line []byte) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, strings.TrimSpace(strings.ToValidUTF8(string(line), "")))
}
