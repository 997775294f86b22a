package discord

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
)

// formPart is one part of a multipart body.
type formPart struct{ Name, File, Kind, Data string }

// readParts reads a multipart request.
func readParts(r *http.Request) ([]formPart, error) {
	_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	var out []formPart
	for mr := multipart.NewReader(r.Body, params["boundary"]); ; {
		p, err := mr.NextPart()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(p)
		if err != nil {
			return nil, err
		}
		out = append(out, formPart{p.FormName(), p.FileName(), p.Header.Get("Content-Type"), string(data)})
	}
}

func TestRESTSendsFiles(t *testing.T) {
	t.Parallel()
	var got []formPart
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var err error
		if got, err = readParts(r); err != nil || r.ContentLength <= 0 {
			t.Errorf("a body of %d bytes: %v", r.ContentLength, err)
		}
		_, _ = w.Write([]byte(`{}`))
	}))
	defer server.Close()
	r, err := NewREST(RESTConfig{Base: server.URL, Token: "t"})
	if err != nil {
		t.Fatal(err)
	}
	files := []File{{Name: "a.png", Description: "a \"picture\"", Data: []byte("\x89PNG")}, {Name: "../../b\r\nX: y\".unknown", Data: []byte("two")}}
	for _, c := range []struct {
		name, route, path string
		body              any
		want              string
	}{
		{
			"a message", "/channels/{channel.id}/messages", "/channels/1/messages", map[string]string{"content": "<hi>"},
			`{"attachments":[{"id":"0","filename":"a.png","description":"a \"picture\""},{"id":"1","filename":"b__X: y_.unknown"}],"content":"<hi>"}`,
		},
		{
			"attachments that stay", "/channels/{channel.id}/messages", "/channels/1/messages", json.RawMessage(`{"attachments":[{"id":"99"}]}`),
			`{"attachments":[{"id":"99"},{"id":"0","filename":"a.png","description":"a \"picture\""},{"id":"1","filename":"b__X: y_.unknown"}]}`,
		},
		{
			"a callback", "/interactions/{interaction.id}/{interaction.token}/callback", "/interactions/1/t/callback", json.RawMessage(`{"type":4,"data":{"content":"x"}}`),
			`{"type":4,"data":{"content":"x","attachments":[{"id":"0","filename":"a.png","description":"a \"picture\""},{"id":"1","filename":"b__X: y_.unknown"}]}}`,
		},
		{
			"nothing but files", "/channels/{channel.id}/messages", "/channels/1/messages", nil,
			`{"attachments":[{"id":"0","filename":"a.png","description":"a \"picture\""},{"id":"1","filename":"b__X: y_.unknown"}]}`,
		},
	} {
		if _, err := r.Do(t.Context(), Request{Method: "POST", Route: c.route, Path: c.path, Body: c.body, Files: files}); err != nil {
			t.Fatal(err)
		}
		want := []formPart{
			{"payload_json", "", "application/json", got[0].Data},
			{"files[0]", "a.png", "image/png", "\x89PNG"},
			{"files[1]", "b__X: y_.unknown", "application/octet-stream", "two"},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: parts (-want +got):\n%s", c.name, diff)
		}
		if diff := cmp.Diff(decoded(t, []byte(c.want)), decoded(t, []byte(got[0].Data))); diff != "" {
			t.Errorf("%s: payload (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestRESTUploadsToTheSimulator(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{})
	req := w.message(map[string]string{"content": "look"})
	req.Files = []File{{Name: "note.txt", Description: "a note", Data: []byte("hello")}}
	doc, err := w.cfg.REST.Do(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		Attachments []struct {
			Filename, Description string
			Size                  int
		}
	}
	if err := json.Unmarshal(doc, &m); err != nil {
		t.Fatal(err)
	}
	if len(m.Attachments) != 1 || m.Attachments[0].Filename != "note.txt" || m.Attachments[0].Description != "a note" || m.Attachments[0].Size != 5 {
		t.Errorf("got %s", doc)
	}
}
