package api

import (
	"errors"
	"net/http"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/cron"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Crons are the cron jobs of the scripts that are loaded.
type Crons interface {
	Jobs(guild snowflake.GuildID) []cron.JobStatus
	Trigger(guild snowflake.GuildID, name string) (time.Time, error)
}

type cronDoc struct {
	Name          string     `json:"name"`
	Expression    string     `json:"expression"`
	SkipIfRunning bool       `json:"skip_if_running"`
	NextRun       *time.Time `json:"next_run"`
	LastRun       *time.Time `json:"last_run"`
	Running       int        `json:"running"`
	Skipped       uint64     `json:"skipped"`
	BackoffMS     []int64    `json:"backoff_ms,omitempty"`
	Warning       string     `json:"warning,omitempty"`
}

func (a *API) listCrons(c *call) error {
	all := a.cfg.Crons.Jobs(c.guild)
	out := make([]cronDoc, len(all))
	for i, j := range all {
		out[i] = cronDoc{
			Name: j.Name, Expression: j.Expr, SkipIfRunning: j.SkipIfRunning, NextRun: instant(j.Next), LastRun: instant(j.Last),
			Running: j.Running, Skipped: j.Skipped, BackoffMS: j.Backoff, Warning: j.Warning,
		}
	}
	return c.JSON(http.StatusOK, out)
}

// startedCron says that a job's run began.
type startedCron struct {
	Name        string    `json:"name"`
	ScheduledAt time.Time `json:"scheduled_at"`
}

// instant makes null of the zero time.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func (a *API) runCron(c *call) error {
	name, err := c.param("name")
	if err != nil {
		return err
	}
	at, err := a.cfg.Crons.Trigger(c.guild, name)
	switch {
	case errors.Is(err, cron.ErrNoJob):
		return fault.New(fault.NotFound, "Resource not found: the script that runs has no cron job of this name")
	case errors.Is(err, cron.ErrRunning):
		return fault.New(fault.Conflict, "the job is running, and skipIfRunning is set; try again when it has ended")
	case err != nil:
		return err
	}
	return c.JSON(http.StatusAccepted, startedCron{name, at.UTC()})
}
