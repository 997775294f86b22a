package discordsim_test

import (
	"fmt"
	"net/http"
	"testing"
)

func TestWebhooks(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	c := w.login(everything)
	hook := w.must(200, "POST", w.inChannel("/webhooks"), object{"name": "Courier"})
	c.event("WEBHOOKS_UPDATE")
	id, token := textOf(hook["id"]), textOf(hook["token"])
	path := "/webhooks/" + id + "/" + token
	if hook["channel_id"] != w.channel || at(hook, "user", "id") != w.app || token == "" {
		t.Errorf("webhook: %v", hook)
	}
	if got := w.must(200, "GET", path, nil, "Authorization", ""); got["user"] != nil || got["name"] != "Courier" {
		t.Errorf("by its token: %v", got)
	}
	w.must(204, "POST", path, object{"content": "silent"})
	c.event("MESSAGE_CREATE")
	m := w.must(200, "POST", path+"?wait=true", object{"content": "@everyone", "username": "Other", "avatar_url": "https://x/y.png"})
	if at(m, "author", "username") != "Other" || m["webhook_id"] != id || at(m, "author", "bot") != true || m["mention_everyone"] != true {
		t.Errorf("message: %v", m)
	}
	if e := c.event("MESSAGE_CREATE").object(t); e["member"] != nil {
		t.Errorf("a webhook is no member: %v", e)
	}
	message := path + "/messages/" + textOf(m["id"])
	if got := w.must(200, "PATCH", message, object{"content": "changed"}); got["content"] != "changed" {
		t.Errorf("edited: %v", got)
	}
	w.refused(403, 50005, "PATCH", w.inChannel("/messages/"+textOf(m["id"])), object{"content": "x"})
	w.must(200, "GET", message, nil)
	w.must(204, "DELETE", message, nil)
	w.refused(404, 10008, "GET", message, nil)
	if got := w.must(200, "PATCH", "/webhooks/"+id, object{"name": "Herald", "avatar": "data:image/png;base64,aGk="}); got["name"] != "Herald" || got["avatar"] == nil {
		t.Errorf("edited: %v", got)
	}
	if list := w.list(w.inGuild("/webhooks")); len(list) != 1 || list[0]["name"] != "Herald" {
		t.Errorf("webhooks: %v", list)
	}
	w.must(204, "DELETE", path, nil)
	w.refused(404, 10015, "GET", "/webhooks/"+id, nil)
	if list := w.list(w.inChannel("/webhooks")); len(list) != 0 {
		t.Errorf("webhooks: %v", list)
	}
}

func TestWebhooksRefused(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	hook := w.must(200, "POST", w.inChannel("/webhooks"), object{"name": "Courier"})
	path := "/webhooks/" + textOf(hook["id"]) + "/" + textOf(hook["token"])
	theirs := w.say("alice", "x")
	for _, row := range []struct {
		name   string
		method string
		path   string
		body   any
		status int
		code   int
	}{
		{"wrong token", "POST", "/webhooks/" + textOf(hook["id"]) + "/other", object{"content": "x"}, 401, 50027},
		{"unknown webhook", "POST", "/webhooks/7/x", object{"content": "x"}, 404, 10015},
		{"nothing to show", "POST", path, object{}, 400, 50006},
		{"another's message", "PATCH", path + "/messages/" + theirs, object{"content": "x"}, 404, 10008},
		{"unknown thread", "POST", path + "?thread_id=7", object{"content": "x"}, 404, 10003},
		{"thread of no forum", "POST", path, object{"content": "x", "thread_name": "x"}, 400, 220003},
		{"no name", "POST", w.inChannel("/webhooks"), object{}, 400, 50035},
		{"forbidden name", "POST", w.inChannel("/webhooks"), object{"name": "Clyde"}, 400, 50035},
		{"no picture", "PATCH", path, object{"avatar": "x"}, 400, 50035},
	} {
		t.Run(row.name, func(t *testing.T) {
			w.refused(row.status, row.code, row.method, row.path, row.body)
		})
	}
	for n := range 14 {
		w.must(200, "POST", w.inChannel("/webhooks"), object{"name": fmt.Sprint("hook ", n)})
	}
	w.refused(400, 30007, "POST", w.inChannel("/webhooks"), object{"name": "one more"})
}

func TestWebhooksInThreads(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	hook := w.must(200, "POST", w.inChannel("/webhooks"), object{"name": "Courier"})
	path := "/webhooks/" + textOf(hook["id"]) + "/" + textOf(hook["token"])
	thread := textOf(w.must(201, "POST", w.inChannel("/threads"), object{"name": "t", "type": 11})["id"])
	m := w.must(200, "POST", path+"?wait=true&thread_id="+thread, object{"content": "x"})
	if m["channel_id"] != thread {
		t.Errorf("message: %v", m)
	}
	w.must(200, "GET", path+"/messages/"+textOf(m["id"])+"?thread_id="+thread, nil)
	forum := textOf(w.must(201, "POST", w.inGuild("/channels"), object{"name": "forum", "type": 15})["id"])
	w.must(http.StatusOK, "PATCH", "/webhooks/"+textOf(hook["id"]), object{"channel_id": forum})
	w.refused(400, 220001, "POST", path, object{"content": "x"})
	m = w.must(200, "POST", path+"?wait=true", object{"content": "x", "thread_name": "post"})
	if got := w.must(200, "GET", "/channels/"+textOf(m["channel_id"]), nil); got["name"] != "post" || got["parent_id"] != forum {
		t.Errorf("post: %v", got)
	}
}
