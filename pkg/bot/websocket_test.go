package bot_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/flora-runtime/flora-runtime/pkg/egress"
	"github.com/flora-runtime/flora-runtime/pkg/egress/egresstest"
	ops "github.com/flora-runtime/flora-runtime/v8ops/websocket"
)

// parrot is a server of WebSockets that tells how each ended.
type parrot struct {
	*egresstest.Net
	opened chan string // Paths.
	closed chan error
}

func newParrot(t *testing.T, change func(*egress.Limits)) (*parrot, options) {
	t.Helper()
	n := &parrot{Net: egresstest.New(), opened: make(chan string, 2000), closed: make(chan error, 2000)}
	n.Serve(t, "93.184.216.34:80", "example.com", n)
	limits := egress.DefaultLimits()
	if change != nil {
		change(&limits)
	}
	client := egress.New(egress.Config{Limits: limits, UserAgent: "Flora/test", Resolver: n.Net, Dial: n.Dial})
	t.Cleanup(client.Close)
	return n, options{ops: ops.Ops(client)}
}

func (n *parrot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	up := websocket.Upgrader{Subprotocols: []string{"chat", "two"}}
	c, err := up.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = c.Close() }()
	n.opened <- r.URL.Path
	for {
		kind, data, err := c.ReadMessage()
		if err != nil {
			n.closed <- err
			return
		}
		if err := c.WriteMessage(kind, data); err != nil {
			n.closed <- err
			return
		}
	}
}

// ended waits for a connection's end and wants its code.
func (n *parrot) ended(t *testing.T, code int) {
	t.Helper()
	select {
	case err := <-n.closed:
		if !websocket.IsCloseError(err, code) {
			t.Errorf("it ended with %v, want %d", err, code)
		}
	case <-time.After(patience):
		t.Fatalf("waited %s for a connection's end", patience)
	}
}

// TestWebSocket goes all the way: a script in a worker process, control, and a
// server on a real socket.
func TestWebSocket(t *testing.T) {
	t.Parallel()
	n, o := newParrot(t, nil)
	o.launch = processes(t)
	w := newWorld(t, o)
	w.deploy(guildA, `
		const ws = new WebSocket("http://example.com/a?b=c", ["two", "chat"]);
		ws.binaryType = "arraybuffer";
		ws.onopen = () => {
			console.log("open", ws.url, ws.readyState, ws.protocol, ws.extensions === "");
			ws.send("häl€o");
			ws.send(new Uint8Array([0, 255, 7]).subarray(1));
			ws.send(new Blob(["blob"]));
		};
		const got = [];
		ws.onmessage = (e) => {
			got.push(typeof e.data === "string" ? e.data : [...new Uint8Array(e.data)].join(","));
			if (got.length < 3) return;
			console.log("got", got.join(" "), e.origin);
			ws.close(4001, "enough");
		};
		ws.onerror = () => console.log("error");
		ws.onclose = (e) => console.log("close", e.code, e.reason, e.wasClean, ws.readyState, e instanceof CloseEvent);`)
	w.wait(guildA, 1, "open ws://example.com/a?b=c 1 chat true")
	w.wait(guildA, 1, "got häl€o 255,7 98,108,111,98 ws://example.com")
	w.wait(guildA, 1, "close 4001  true 3 true")
	n.ended(t, 4001)
}
