package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// label marks the one issue.
const label = "v8-update"

// tracker is a repository's issues at GitHub's API.
type tracker struct{ api, token string }

type issue struct {
	Number int       `json:"number,omitempty"`
	Title  string    `json:"title,omitempty"`
	Body   string    `json:"body,omitempty"`
	Pull   *struct{} `json:"pull_request,omitempty"` // Pull requests are among the issues.
}

// describe is the issue of a state.
func describe(s state) issue {
	return issue{
		Title: fmt.Sprintf("V8 %d.%d is out, linked is %d.%d", s.Newest.V8[0], s.Newest.V8[1], s.Pinned.V8[0], s.Pinned.V8[1]),
		Body: fmt.Sprintf(`%s has a newer V8 than the one that the runtime links. Half of what is known of a V8's holes is published with the next one.

| | version | V8 |
| --- | --- | --- |
| linked | %s | %s |
| newest | %s | %s |

Change the versions in go.mod, also those of its deps/ modules, then run make test, make soak and make bench.

This issue is kept by the workflow v8.yml, and closed by it when there is nothing newer.
`, s.Fork, s.Pinned.Module, dotted(s.Pinned), s.Newest.Module, dotted(s.Newest)),
	}
}

func dotted(e engine) string {
	return fmt.Sprintf("%d.%d.%d.%d", e.V8[0], e.V8[1], e.V8[2], e.V8[3])
}

// settle opens the issue, brings it up to date or closes it, and says which.
func (t tracker) settle(ctx context.Context, s state) (string, error) {
	var found []issue
	if err := t.call(ctx, http.MethodGet, "/issues?"+url.Values{"labels": {label}, "state": {"open"}, "sort": {"created"}, "direction": {"asc"}}.Encode(), nil, &found); err != nil {
		return "", err
	}
	var open *issue
	for i := range found {
		if found[i].Pull == nil {
			open = &found[i]
			break
		}
	}
	want := describe(s)
	switch {
	case !s.Stale() && open == nil:
		return "there is no issue, and needs to be none", nil
	case !s.Stale():
		return fmt.Sprintf("closed issue %d", open.Number), t.call(ctx, http.MethodPatch, "/issues/"+strconv.Itoa(open.Number), map[string]any{"state": "closed"}, nil)
	case open == nil:
		var made issue
		err := t.call(ctx, http.MethodPost, "/issues", map[string]any{"title": want.Title, "body": want.Body, "labels": []string{label}}, &made)
		return fmt.Sprintf("opened issue %d", made.Number), err
	case open.Title == want.Title && open.Body == want.Body:
		return fmt.Sprintf("issue %d says so already", open.Number), nil
	default:
		return fmt.Sprintf("brought issue %d up to date", open.Number), t.call(ctx, http.MethodPatch, "/issues/"+strconv.Itoa(open.Number), map[string]any{"title": want.Title, "body": want.Body}, nil)
	}
}

// call sends a request and reads the answer, if into is not nil.
func (t tracker) call(ctx context.Context, method, path string, body, into any) error {
	var sent bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&sent).Encode(body); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, t.api+path, &sent)
	if err != nil {
		return fmt.Errorf("ask GitHub: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+t.token)
	req.Header.Set("Accept", "application/vnd.github+json")
	req.Header.Set("X-GitHub-Api-Version", "2022-11-28")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ask GitHub: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	if err != nil {
		return fmt.Errorf("read GitHub's answer: %w", err)
	}
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("GitHub answers %s %s with %d: %.500s", method, path, res.StatusCode, answer)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("read GitHub's answer: %w", err)
	}
	return nil
}
