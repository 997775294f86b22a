package app

import (
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/limit"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
	"github.com/flora-runtime/flora-runtime/pkg/telemetry"
)

// openLogs opens the log lines of guilds, in memory and on disk. A disk that
// cannot be used keeps no bot from serving.
func (rt *runtime) openLogs() {
	l, lines := rt.cfg.Logs, telemetry.NewLines(rt.stats)
	cfg := logs.Config{
		Lines: l.Lines, Bytes: l.Bytes, LinesPerSecond: l.LinesPerSecond, Burst: l.Burst,
		Dir: rt.cfg.LogsPath(), DiskBytes: int64(l.DiskBytes), DiskTotal: int64(l.DiskTotalBytes), Log: rt.log.Named("logs"),
		Dropped: func() { rt.hits(limit.LogLines, 1) }, Said: lines.Said, Written: lines.Written, Unwritten: lines.Unwritten,
	}
	var err error
	if rt.logs, err = logs.Open(cfg); err != nil {
		rt.log.Error("log lines of guilds are kept in memory only, until a start that can use their folder", zap.String("folder", cfg.Dir), zap.Error(err))
		rt.logs = logs.New(cfg)
	}
	rt.life.release("logs", rt.logs.Close)
}
