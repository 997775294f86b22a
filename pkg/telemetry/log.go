// Package telemetry is what an operator sees of a process: its log, its metrics
// and whether it is ready. It knows nothing of what the process does.
package telemetry

import (
	"fmt"
	"io"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// The formats of a log.
const (
	FormatConsole = "console"
	FormatJSON    = "json"
)

// NewLogger makes a log on w, whose level can be changed. Lines are written whole,
// one at a time.
func NewLogger(level, format string, w io.Writer) (*zap.Logger, zap.AtomicLevel, error) {
	l := zap.NewAtomicLevel()
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, l, fmt.Errorf("log level %q is none of debug, info, warn, error", level)
	}
	cfg := zapcore.EncoderConfig{
		TimeKey: "time", LevelKey: "level", NameKey: "logger", MessageKey: "message", StacktraceKey: "stack",
		EncodeTime: zapcore.RFC3339NanoTimeEncoder, EncodeLevel: zapcore.LowercaseLevelEncoder, EncodeDuration: zapcore.StringDurationEncoder,
	}
	var encoder zapcore.Encoder
	switch format {
	case FormatConsole:
		cfg.EncodeTime = zapcore.TimeEncoderOfLayout("15:04:05.000")
		cfg.EncodeLevel = zapcore.CapitalLevelEncoder
		cfg.ConsoleSeparator = " "
		encoder = zapcore.NewConsoleEncoder(cfg)
	case FormatJSON:
		encoder = zapcore.NewJSONEncoder(cfg)
	default:
		return nil, l, fmt.Errorf("log format %q is none of %s, %s", format, FormatConsole, FormatJSON)
	}
	return zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(w)), l)), l, nil
}
