package trial

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/bot"
	"github.com/flora-runtime/flora-runtime/pkg/inbound"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// endpointBase is where tests reach their bots.
const endpointBase = "https://bot.test"

// longest bounds nothing: the time of tests stands still.
const longest = 10 * 365 * 24 * time.Hour

// openEndpoint makes the endpoint of the world's script, which is open.
func (w *world) openEndpoint() error {
	base, err := inbound.ParseBase(endpointBase, true)
	if err != nil {
		return err
	}
	most := inbound.Rate{PerSecond: 1 << 20, Burst: 1 << 20, AtOnce: 256}
	w.inbound, err = inbound.New(inbound.Config{
		Base: base, Scripts: receivers{w}, Clock: w.clock,
		Open:   func(context.Context, snowflake.GuildID) (bool, error) { return true, nil },
		Limits: inbound.Limits{RequestBytes: 8 << 20, ResponseBytes: 64 << 20, Guild: most, Address: most, Start: longest, Answer: longest, Stream: longest},
	})
	w.ends = append(w.ends, func() error { w.inbound.Close(); return nil })
	return err
}

// receivers is inbound.Scripts.
type receivers struct{ *world }

func (r receivers) Deliver(guild snowflake.GuildID, d inbound.Delivery) error {
	err := r.bot.Request(guild, &bot.Request{Payload: d.Payload, Void: d.Void, Begun: d.Begun, Over: d.Over})
	if err == nil {
		r.delivered <- struct{}{}
	}
	return err
}

func (r receivers) Abandon(guild snowflake.GuildID, id string) { r.bot.Abandon(guild, id) }

// response is what a test sees of an answer.
type response struct {
	Status  int         `json:"status"`
	Headers [][2]string `json:"headers"`
	Body    []byte      `json:"body"`
}

// recorder keeps an answer. It is for one goroutine.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }
func (r *recorder) Flush()                      {}

// fetch sends a request to the script's endpoint, and waits for all of the
// answer. The caller has its turn.
func (w *world) fetch(ctx context.Context, p *place, q request) (outcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	rec := &recorder{header: http.Header{}}
	served := make(chan error, 1)
	o, err := w.act(ctx, p, func(*outcome) error {
		r, err := http.NewRequestWithContext(ctx, q.Method, endpointBase+"/g/"+w.guild.String()+q.Path, bytes.NewReader(q.Body))
		if err != nil {
			return fmt.Errorf("the request cannot be sent: %w", err)
		}
		for _, h := range q.Headers {
			r.Header.Add(h[0], h[1])
		}
		over := make(chan struct{})
		go func() {
			defer close(over)
			served <- w.inbound.Serve(rec, r, inbound.Caller{Address: netip.MustParseAddrPort("127.0.0.1:4711"), Key: "test"})
		}()
		select { // What follows from it is waited for from there.
		case <-w.delivered:
		case <-over:
		}
		return nil
	})
	if err != nil || o.Failure != "" {
		return o, err
	}
	select {
	case err = <-served:
	case <-ctx.Done():
		return o, fmt.Errorf("the answer of the bot has no end: %w", ctx.Err())
	}
	if err != nil {
		return o, err
	}
	out := response{Status: rec.status, Headers: [][2]string{}, Body: rec.body.Bytes()}
	for name, values := range rec.header {
		for _, v := range values {
			out.Headers = append(out.Headers, [2]string{name, v})
		}
	}
	o.Response = &out
	return o, nil
}
