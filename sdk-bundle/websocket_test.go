package sdkbundle_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
)

var socketOps = []string{"op_websocket_open", "op_websocket_next", "op_websocket_send", "op_websocket_close"}

// server answers a WebSocket's ops: it opens, gives these results of next, and
// takes what is sent.
func server(results ...string) isolatetest.Answer {
	at := 0
	return func(c isolatetest.Call) (string, bool, bool) {
		switch c.Op {
		case "op_websocket_open":
			return `{"protocol":"chat"}`, true, true
		case "op_websocket_next":
			if at == len(results) {
				return "", true, false
			}
			at++
			return results[at-1], true, true
		}
		return "null", true, true
	}
}

const socketScript = `
	const ws = new WebSocket("wss://example.com/x", "chat");
	ws.onopen = () => {
		log("open " + ws.protocol);
		ws.send("a"); ws.send(new Uint8Array(3)); ws.send(""); ws.send(new ArrayBuffer(0));
		log("buffered " + ws.bufferedAmount);
	};
	ws.addEventListener("message", (e) => { log("message " + e.data + " " + e.origin); if (e.data === "two") ws.close(3000, "why"); });
	ws.onclose = (e) => log("close " + e.code + " " + e.reason + " " + e.wasClean);
	ws.onerror = (e) => log("error " + e.message);`

var socketSaid = []string{"open chat", "buffered 4", "message one wss://example.com", "message two wss://example.com", "close 4000 bye true"}

func TestWebSocketCalls(t *testing.T) {
	t.Parallel()
	r := isolatetest.Load(t, `const { log } = console;`+socketScript, isolatetest.Options{Ops: socketOps, Answer: server(
		`{"text":"one","end":null}`, `{"text":"two","end":null}`, `{"text":"late","end":null}`, `{"text":null,"end":{"code":4000,"reason":"bye","clean":true,"why":""}}`)})
	r.Until("the end", func() bool { return r.CountLocked(socketSaid[len(socketSaid)-1]) == 1 })
	if diff := cmp.Diff(socketSaid, logs(r)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var seen []string
	for _, c := range r.Calls() {
		var args map[string]json.RawMessage
		if err := json.Unmarshal([]byte(c.Args), &args); err != nil {
			t.Fatal(err)
		}
		if len(args["id"]) < 12 {
			t.Errorf("%s has the id %s", c.Op, args["id"])
		}
		if c.Dispatch != 0 {
			t.Errorf("%s belongs to dispatch %d", c.Op, c.Dispatch)
		}
		delete(args, "id")
		rest, err := json.Marshal(args)
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, strings.TrimPrefix(c.Op, "op_websocket_")+" "+string(rest))
	}
	want := []string{
		`open {"protocols":["chat"],"url":"wss://example.com/x"}`, "next {}", `send {"messages":[{"text":"a"}]}`, "next {}",
		`send {"messages":[{"size":3},{"text":""},{"size":0}]}`,
	}
	for _, w := range want {
		found := false
		for _, s := range seen {
			found = found || s == w
		}
		if !found {
			t.Errorf("there is no call %s in\n%s", w, strings.Join(seen, "\n"))
		}
	}
	if !strings.Contains(strings.Join(seen, "\n"), `close {"code":3000,"reason":"why"}`) {
		t.Errorf("it was not closed:\n%s", strings.Join(seen, "\n"))
	}
}

// A script that has rewritten every built-in it can still has WebSockets and
// EventSources.
func TestWebSocketSurvivesPatchedBuiltIns(t *testing.T) {
	t.Parallel()
	r := isolatetest.Load(t, `const { log } = console, { Uint8Array, ArrayBuffer } = globalThis, source = EventSource;`+hostilePreamble(t)+socketScript+`
		const es = new source("data:text/event-stream,id:5%0Adata:a%0Adata:b%0A%0A");
		es.onmessage = (e) => { log("event " + e.data + " " + e.lastEventId + " " + e.origin); };
		es.onerror = () => { log("state " + es.readyState); es.close(); };`,
		isolatetest.Options{Ops: socketOps, Answer: server(`{"text":"one","end":null}`, `{"text":"two","end":null}`, `{"text":null,"end":{"code":4000,"reason":"bye","clean":true,"why":""}}`)})
	r.Until("the ends", func() bool { return r.CountLocked(socketSaid[len(socketSaid)-1]) == 1 && r.CountLocked("state 0") == 1 })
	all := strings.Join(logs(r), "\n")
	for _, want := range append(socketSaid, "event a\nb 5 null") {
		if !strings.Contains(all, want) {
			t.Errorf("there is no %q in\n%s", want, all)
		}
	}
}

// More than may wait to be sent ends the connection, and so do calls that cannot
// be made.
func TestWebSocketSendsTooMuch(t *testing.T) {
	t.Parallel()
	r := isolatetest.Load(t, `const ws = new WebSocket("ws://example.com/");
		ws.onopen = () => {
			const mib = new Uint8Array(1 << 20);
			for (let i = 0; i < 20; i++) ws.send(mib);
			console.log(ws.readyState, ws.bufferedAmount);
		};`, isolatetest.Options{Ops: socketOps, Answer: func(c isolatetest.Call) (string, bool, bool) {
		return `{"protocol":""}`, true, c.Op == "op_websocket_open"
	}})
	r.Until("it to be full", func() bool { return r.CountLocked("2 20971520") == 1 })
	last := r.Calls()[len(r.Calls())-1]
	if last.Op != "op_websocket_close" || !strings.Contains(last.Args, "more than 16777216 bytes wait to be sent") {
		t.Errorf("the last call is %s %s", last.Op, last.Args)
	}
}
