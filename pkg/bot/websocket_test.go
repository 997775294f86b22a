package bot_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/sys/unix"

	"github.com/flora-runtime/flora-runtime/pkg/bot"
	"github.com/flora-runtime/flora-runtime/pkg/egress"
	"github.com/flora-runtime/flora-runtime/pkg/egress/egresstest"
	ops "github.com/flora-runtime/flora-runtime/v8ops/websocket"
)

// parrot is a server of WebSockets that tells how each ended.
type parrot struct {
	*egresstest.Net
	opened chan string // Paths.
	closed chan error
	flood  bool // It sends without end instead.
}

func newParrot(t *testing.T, change func(*egress.Limits)) (*parrot, options) {
	t.Helper()
	n := &parrot{Net: egresstest.New(), opened: make(chan string, 2000), closed: make(chan error, 2000)}
	return n, options{ops: ops.Ops(clientOf(t, n.Net, n, change))}
}

func (n *parrot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	up := websocket.Upgrader{Subprotocols: []string{"chat", "two"}}
	c, err := up.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = c.Close() }()
	n.opened <- r.URL.Path
	for n.flood {
		if c.WriteMessage(websocket.TextMessage, []byte("x")) != nil {
			return
		}
	}
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

// TestWebSocketsEndWithTheirScript: what ends a script ends what it opened, and
// the next one opens its own.
func TestWebSocketsEndWithTheirScript(t *testing.T) {
	t.Parallel()
	n, o := newParrot(t, nil)
	o.launch = processes(t)
	w := newWorld(t, o)
	script := `const ws = new WebSocket("ws://example.com/");
		ws.onopen = () => console.log("open");
		on("messageCreate", (ctx) => { if (ctx.msg.content === "burn") { const all = []; for (;;) all.push(new Array(1000).fill(1)); } });`
	w.deploy(guildA, script)
	w.wait(guildA, 1, "open")

	w.deploy(guildA, script+`console.log("second");`)
	n.ended(t, websocket.CloseGoingAway)
	w.wait(guildA, 2, "open")

	// The isolate ends by itself.
	w.message(guildA, "burn")
	n.ended(t, websocket.CloseGoingAway)
	w.wait(guildA, 3, "open")

	// Its worker process is killed.
	if err := unix.Kill(w.pool.PIDs()[0], unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	n.ended(t, websocket.CloseGoingAway)
	w.wait(guildA, 4, "open")

	// A load that fails leaves nothing.
	if _, err := w.tryDeploy(guildA, `const ws = new WebSocket("ws://example.com/"); await new Promise((r) => { ws.onopen = r; }); throw new Error("no");`); err == nil {
		t.Fatal("it was deployed")
	}
	n.ended(t, websocket.CloseGoingAway)

	w.deploy(guildA, `console.log("none")`)
	n.ended(t, websocket.CloseGoingAway)
}

// A handler's time limit ends neither the WebSocket that it opened nor what is
// sent from it, and the script is at rest while it only listens.
func TestWebSocketOutlivesItsHandler(t *testing.T) {
	t.Parallel()
	_, o := newParrot(t, nil)
	o.limits = func(l *bot.Limits) { l.Dispatch = 300 * time.Millisecond }
	w := newWorld(t, o)
	w.deploy(guildA, `
		let ws;
		on("messageCreate", async (ctx) => {
			if (ctx.msg.content === "send") return ws.send("still here");
			ws = new WebSocket("ws://example.com/");
			ws.onopen = () => console.log("open");
			ws.onmessage = async (e) => { await kv.store("s").set("k", "v"); console.log("got", e.data); };
			await new Promise(() => {});
		});`)
	w.message(guildA, "open")
	w.wait(guildA, 1, "open")
	w.wait(guildA, 1, `dispatch failed: TimeoutError: the handler of "messageCreate" did not finish within 300ms`)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, _, err := w.bot.Rest(ctx, guildA); err != nil {
		t.Errorf("the script does not come to rest: %v", err)
	}
	w.message(guildA, "send")
	w.wait(guildA, 1, "got still here")
}

// What a listener does is its own: an error goes to the log, a loop is stopped,
// and the next message comes all the same.
func TestWebSocketListenersThatFail(t *testing.T) {
	t.Parallel()
	_, o := newParrot(t, nil)
	o.limits = func(l *bot.Limits) { l.Script.TurnMS = 200 }
	w := newWorld(t, o)
	w.deploy(guildA, `
		const ws = new WebSocket("ws://example.com/");
		ws.onopen = () => { for (const text of ["throw", "reject", "loop", "last"]) ws.send(text); };
		ws.onmessage = ({ data }) => {
			if (data === "throw") throw new Error("thrown");
			if (data === "reject") return Promise.reject(new Error("rejected"));
			if (data === "loop") for (;;);
			console.log(data);
		};`)
	w.wait(guildA, 1, "last")
	w.wait(guildA, 1, "Error: thrown")
	w.wait(guildA, 1, "Error: rejected")
	w.wait(guildA, 1, "TimeoutError: stopped after 200 ms of CPU")
}

// A thousand WebSockets: 16 open, the others are told why not, and all works on.
func TestWebSocketsByTheThousand(t *testing.T) {
	t.Parallel()
	_, o := newParrot(t, nil)
	o.limits = func(l *bot.Limits) { l.Script.PendingOps = 1024 }
	w := newWorld(t, o)
	w.deploy(guildA, `
		let open = 0, failed = 0, closed = 0, why;
		const all = Array.from({ length: 1000 }, () => {
			const ws = new WebSocket("ws://example.com/");
			ws.onopen = () => { open++; tell(); };
			ws.onerror = (e) => { failed++; why = e.message; };
			ws.onclose = () => { closed++; tell(); };
			return ws;
		});
		function tell() {
			if (open + closed < 1000) return;
			console.log("thousand", open, failed, closed, why);
			for (const ws of all) ws.onopen = ws.onclose = null;
			let left = 16;
			for (const ws of all) if (ws.readyState === 1) { ws.onclose = () => { if (--left === 0) new WebSocket("ws://example.com/").onopen = () => console.log("again"); }; ws.close(); }
		}`)
	w.wait(guildA, 1, "thousand 16 984 984 this server's scripts have as many WebSockets open as they may; close one first")
	w.wait(guildA, 1, "again")
}

// A server that sends without end holds up nobody: not the script's own events,
// and not another guild.
func TestWebSocketFlood(t *testing.T) {
	t.Parallel()
	n, o := newParrot(t, nil)
	n.flood = true
	w := newWorld(t, o)
	w.deploy(guildA, `
		let count = 0;
		for (let i = 0; i < 4; i++) new WebSocket("ws://example.com/").onmessage = () => { count++; };
		on("messageCreate", () => console.log("count", count > 0));`)
	w.deploy(guildB, `on("messageCreate", () => console.log("quiet"));`)
	for i := range 10 {
		w.message(guildB, "go")
		w.wait(guildB, i+1, "quiet")
	}
	w.until("the flood to arrive", func() bool {
		w.message(guildA, "go")
		return w.count(guildA, "count true") > 0
	})
}
