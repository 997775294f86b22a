package egress_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/egress"
)

// Secrets go out in path, query, subprotocol and texts, to hosts that may know
// them, and come back as their placeholders.
func TestSocketSecrets(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	v.put("WORD", "a-word-of-its-own", false, "ws.example.com")
	v.put("SPACED", "two words, and more", false, "ws.example.com")
	got := make(chan string, 10)
	serve := func(w http.ResponseWriter, r *http.Request) {
		asked := r.Header.Get("Sec-WebSocket-Protocol")
		p := switched(t, w, r, "Sec-WebSocket-Protocol: "+strings.Split(asked, ", ")[0])
		defer func() { _ = p.c.Close() }()
		got <- r.RequestURI + " " + asked
		for {
			head, payload, err := p.message()
			if err != nil {
				return
			}
			if head == fin|closes {
				_ = p.send(closing(1000, "a-word-of-its-own"))
				return
			}
			got <- payload
			_ = p.send(frame(head, payload))
		}
	}
	v.ServeTLS(t, "93.184.216.40:443", "", http.HandlerFunc(serve))
	v.Serve(t, "93.184.216.40:80", "", http.HandlerFunc(serve))
	v.Name("ws.example.com", "93.184.216.40")
	word := v.mark("WORD")

	s := v.mustOpen("wss://ws.example.com/"+word+"?key="+word, "key."+word)
	defer s.Release()
	if want := "/a-word-of-its-own?key=a-word-of-its-own key.a-word-of-its-own"; <-got != want {
		t.Errorf("the handshake was not %s", want)
	}
	if s.Protocol() != "key."+word {
		t.Errorf("the script's protocol is %q", s.Protocol())
	}
	texts := []string{"token " + word, `{"token":"` + v.mark("SPACED") + `","odd":1}`}
	var all []egress.Message
	for _, text := range texts {
		all = append(all, egress.Message{Text: true, Data: []byte(text)})
	}
	if err := s.Send(t.Context(), append(all, egress.Message{Data: []byte(word)})); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"token a-word-of-its-own", `{"token":"two words, and more","odd":1}`, word}, []string{<-got, <-got, <-got}); diff != "" {
		t.Errorf("what was sent (-want +got):\n%s", diff)
	}
	s.Close(1000, "")
	back, end := v.rest(s)
	if diff := cmp.Diff(append([]string{"t:" + texts[0], "t:" + texts[1]}, "b:"+word), back); diff != "" || end.Reason != word {
		t.Errorf("what came back, and %q (-want +got):\n%s", end.Reason, diff)
	}

	for _, row := range []struct {
		url, protocol string
	}{
		{"ws://ws.example.com/?key=" + word, "x"},           // Without encryption.
		{"ws://ws.example.com/", word},                      // The same.
		{"wss://ws.example.com/?key=" + v.mark("ODD"), "x"}, // Another host's.
		{"wss://ws.example.com/", v.mark("ODD")},            // The same.
		{"wss://ws.example.com/", v.mark("SPACED")},         // It would be two protocols.
	} {
		if f := v.openFailure(row.url, "ESECRET", row.protocol); f.Text != "" {
			silent(t, "the failure", f.Error())
		}
	}
	s = v.mustOpen("ws://ws.example.com/", "x")
	defer s.Release()
	<-got
	if err := s.Send(t.Context(), []egress.Message{{Text: true, Data: []byte(word)}}); err == nil {
		t.Error("a secret was sent without encryption")
	}
	v.ends(s, `1006 "" clean=false ESECRET`)
}
