package app

import (
	"github.com/flora-runtime/flora-runtime/pkg/limit"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
	"github.com/flora-runtime/flora-runtime/pkg/telemetry"
)

// openLogs opens the log lines of guilds, in memory and on disk.
func (rt *runtime) openLogs() (err error) {
	l, lines := rt.cfg.Logs, telemetry.NewLines(rt.stats)
	rt.logs, err = logs.Open(logs.Config{
		Lines: l.Lines, Bytes: l.Bytes, LinesPerSecond: l.LinesPerSecond, Burst: l.Burst,
		Dir: rt.cfg.LogsPath(), DiskBytes: int64(l.DiskBytes), DiskTotal: int64(l.DiskTotalBytes), Log: rt.log.Named("logs"),
		Dropped: func() { rt.hits(limit.LogLines, 1) }, Said: lines.Said, Written: lines.Written, Unwritten: lines.Unwritten,
	})
	if err != nil {
		return err
	}
	rt.life.release("logs", rt.logs.Close)
	return nil
}
