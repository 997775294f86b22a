package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/gorilla/websocket"

	"github.com/flora-runtime/flora-runtime/bench/internal/report"
	"github.com/flora-runtime/flora-runtime/bench/internal/stats"
	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
)

// goBotJob is the name of the child that is the baseline.
const goBotJob = "gobot"

// core measures how many events a core takes from the gateway frame to the request
// that answers, beside the least that a program can do: one that looks for "!ping"
// in frames and sends the request.
func (b *bench) core(ctx context.Context) error {
	guilds := b.plan.contests[len(b.plan.contests)-1]
	var all []*contender
	for _, name := range []string{nameFlora, nameGo} {
		c, err := b.join(ctx, name, guilds)
		if err != nil {
			return err
		}
		defer c.leave()
		all = append(all, c)
	}
	answered := discordsim.Flood{Guilds: guilds, Content: "!ping", InFlight: inFlight}
	for _, c := range all {
		if _, err := b.warm(ctx, c, workload{flood: answered}); err != nil {
			return err
		}
	}
	for range b.plan.rounds {
		for _, c := range all {
			for what, f := range map[string]discordsim.Flood{
				cpuPerAnswer:  {Guilds: guilds, Content: "!ping", InFlight: inFlight, Count: int(b.plan.slice.Seconds() * pacedRate)},
				cpuPerIgnored: {Guilds: guilds, Content: nobodysWords, Rate: ignoredRate, Last: "!ping", Count: int(b.plan.slice.Seconds() * ignoredRate)},
			} {
				_, cpu, err := c.run(ctx, f)
				if err != nil {
					return fmt.Errorf("%s: %w", c.name, err)
				}
				c.add(what, float64(time.Second)/float64(cpu))
			}
		}
	}
	for _, row := range []struct{ what, name string }{
		{cpuPerAnswer, "messages answered per second and core"},
		{cpuPerIgnored, "messages that no command matches per second and core"},
	} {
		b.report.Add(report.Row{
			Group: "core", Name: row.name, Note: fmt.Sprintf("%d guilds, %s", guilds, jitNote(false)), Unit: "1/s", Higher: true,
			Value: stats.Of(all[0].found[row.what]), Baseline: nameGo, Base: stats.Of(all[1].found[row.what]),
		})
	}
	return nil
}

// goBot starts this program again as the baseline.
func (b *bench) goBot(ctx context.Context, sim *simulator) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find the benchmark's own binary: %w", err)
	}
	cmd := command(ctx, self, "child", goBotJob, sim.url)
	p, err := start(cmd)
	if err != nil {
		return nil, err
	}
	if _, err := p.ready(ctx); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

// goBotRequests is how many of its requests are under way.
const goBotRequests = 64

// goBotMain is the body of that child, until its connection ends.
func goBotMain(ctx context.Context, base string, out io.Writer) error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: goBotRequests}}
	where := struct{ URL string }{}
	if err := call(ctx, http.MethodGet, base+"/api/v10/gateway", "", nil, &where); err != nil {
		return err
	}
	conn, res, err := websocket.DefaultDialer.DialContext(ctx, where.URL+"?v=10&encoding=json", nil)
	if err != nil {
		return fmt.Errorf("connect to the gateway: %w", err)
	}
	_ = res.Body.Close()
	defer func() { _ = conn.Close() }()
	if _, _, err := conn.ReadMessage(); err != nil { // Hello.
		return fmt.Errorf("read the gateway: %w", err)
	}
	const identify = `{"op":2,"d":{"token":"a.b.c","intents":33281,"properties":{"os":"linux","browser":"bench","device":"bench"}}}`
	if err := conn.WriteMessage(websocket.TextMessage, []byte(identify)); err != nil {
		return fmt.Errorf("identify: %w", err)
	}
	// From here on only this writes.
	beat := time.NewTicker(15 * time.Second)
	defer beat.Stop()
	go func() {
		for range beat.C {
			if conn.WriteMessage(websocket.TextMessage, []byte(`{"op":1,"d":null}`)) != nil {
				return
			}
		}
	}()
	replies := make(chan goBotReply, goBotRequests)
	defer close(replies)
	for range goBotRequests {
		go func() {
			for r := range replies {
				r.send(ctx, client, base)
			}
		}()
	}
	for {
		_, frame, err := conn.ReadMessage()
		if err != nil {
			return nil //nolint:nilerr // The simulator has ended.
		}
		switch {
		case bytes.Contains(frame, []byte(`"READY"`)):
			_, _ = fmt.Fprintln(out, "ready")
		case bytes.Contains(frame, []byte(`"MESSAGE_CREATE"`)):
			var m struct {
				D struct {
					ID        string
					ChannelID string `json:"channel_id"`
					Content   string
					Author    struct{ Bot bool }
				}
			}
			if err := json.Unmarshal(frame, &m); err != nil {
				return fmt.Errorf("read a message: %w", err)
			}
			if !m.D.Author.Bot && m.D.Content == "!ping" {
				replies <- goBotReply{m.D.ChannelID, m.D.ID}
			}
		}
	}
}

type goBotReply struct{ channel, message string }

func (r goBotReply) send(ctx context.Context, client *http.Client, base string) {
	body := `{"content":"pong","message_reference":{"message_id":"` + r.message + `"}}`
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/api/v10/channels/"+r.channel+"/messages", bytes.NewReader([]byte(body))) //nolint:gosec // Of the simulator that it was given.
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	req.Header.Set("Authorization", "Bot a.b.c")
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req) //nolint:gosec // The same.
	if err == nil {
		_, err = io.Copy(io.Discard, res.Body)
		err = errors.Join(err, res.Body.Close())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}
