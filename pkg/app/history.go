package app

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/forward"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
	"github.com/flora-runtime/flora-runtime/pkg/logs/shared"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// openHistory makes the log of guilds whose lines several replicas have.
func (rt *runtime) openHistory(self string) error {
	turns, ok := rt.state.(shared.Turns)
	if !ok {
		return errors.New("replicas need database.url: whose turn it is to write log lines is there")
	}
	rt.history = shared.New(shared.Config{Local: rt.logs, Self: self, Turns: turns, Ask: rt.askLines, Log: rt.log.Named("logs")})
	rt.life.run("turns of logs", rt.history.Run)
	rt.forward.Answer("logs/{guild}", func(r *http.Request) (any, error) {
		guild, err := snowflake.ParseGuild(r.PathValue("guild"))
		if err != nil {
			return nil, fault.New(fault.BadRequest, "Bad request: %s", err)
		}
		q := r.URL.Query()
		after, err := strconv.ParseUint(q.Get("after"), 10, 64)
		limit, err2 := strconv.Atoi(q.Get("limit"))
		if err := errors.Join(err, err2); err != nil {
			return nil, fault.New(fault.BadRequest, "Bad request: %s", err)
		}
		return rt.history.Here(guild, logs.Query{After: after, Limit: limit, Level: q.Get("level")}), nil
	})
	return nil
}

// askLines asks the other replicas for lines of a guild.
func (rt *runtime) askLines(ctx context.Context, guild snowflake.GuildID, q logs.Query) []shared.Answer {
	query := url.Values{"after": {strconv.FormatUint(q.After, 10)}, "limit": {strconv.Itoa(q.Limit)}, "level": {q.Level}}
	var out []shared.Answer
	for _, r := range forward.AskAll[shared.Part](ctx, rt.forward, "logs/"+guild.String(), query) {
		out = append(out, shared.Answer{Replica: r.From.Name, Part: r.Value, Err: r.Err})
	}
	return out
}
