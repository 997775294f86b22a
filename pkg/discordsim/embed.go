package discordsim

import (
	"fmt"
	"net/url"
	"strconv"
	"time"
	"unicode/utf8"
)

// Discord's limits of embeds.
const (
	maxEmbeds     = 10
	maxEmbedTotal = 6000
	maxFields     = 25
)

// readEmbeds reads "embeds"; the sizes of all of them count together.
func readEmbeds(f form) []any {
	list, _ := f.subs("embeds", maxEmbeds)
	out := make([]any, 0, len(list))
	total := 0
	for _, e := range list {
		out = append(out, readEmbed(e, &total))
	}
	if total > maxEmbedTotal {
		f.complain("embeds", "MAX_EMBED_SIZE_EXCEEDED", fmt.Sprintf("Embed size exceeds maximum size of %d", maxEmbedTotal))
	}
	return out
}

// embedReader reads one embed and counts its characters.
type embedReader struct {
	out   map[string]any
	total *int
}

func readEmbed(f form, total *int) map[string]any {
	r := embedReader{out: map[string]any{"type": "rich"}, total: total}
	r.text(f, r.out, "title", 256)
	r.text(f, r.out, "description", 4096)
	r.link(f, r.out, "url")
	if n, ok := f.number("color", 0, 0xFFFFFF); ok {
		r.out["color"] = n
	}
	if ts := f.text("timestamp", 64); ts != "" {
		r.timestamp(f, ts)
	}
	if p, ok := f.sub("footer"); ok {
		r.part(p, "footer", "text", 2048, "icon_url")
	}
	if p, ok := f.sub("author"); ok {
		r.part(p, "author", "name", 256, "icon_url", "url")
	}
	for _, key := range []string{"image", "thumbnail", "video"} {
		if p, ok := f.sub(key); ok {
			media := map[string]any{}
			r.link(p, media, "url")
			r.out[key] = media
		}
	}
	r.fields(f)
	if len(r.out) == 1 {
		f.required("description")
	}
	return r.out
}

func (r embedReader) text(f form, into map[string]any, key string, most int) {
	if s := f.text(key, most); s != "" {
		*r.total += utf8.RuneCountInString(s)
		into[key] = s
	}
}

func (r embedReader) part(f form, name, key string, most int, links ...string) {
	if !f.sent(key) {
		f.required(key)
		return
	}
	part := map[string]any{}
	r.text(f, part, key, most)
	for _, l := range links {
		r.link(f, part, l)
	}
	r.out[name] = part
}

func (r embedReader) fields(f form) {
	list, _ := f.subs("fields", maxFields)
	if len(list) == 0 {
		return
	}
	fields := make([]any, 0, len(list))
	for _, e := range list {
		field := map[string]any{"inline": false}
		for key, most := range map[string]int{"name": 256, "value": 1024} {
			s := e.needText(key, 0, most)
			if e.sent(key) && s == "" && e.fields[key] == "" {
				e.required(key)
			}
			*r.total += utf8.RuneCountInString(s)
			field[key] = s
		}
		if inline, ok := e.flag("inline"); ok {
			field["inline"] = inline
		}
		fields = append(fields, field)
	}
	r.out["fields"] = fields
}

// link reads an address: http, https, or attachment for uploaded files.
func (r embedReader) link(f form, into map[string]any, key string) {
	s := f.text(key, 2048)
	if s == "" {
		return
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" {
		f.complain(key, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
		return
	}
	switch u.Scheme {
	case "http", "https", "attachment":
		into[key] = s
	default:
		f.complain(key, "URL_TYPE_INVALID_SCHEME", fmt.Sprintf("Scheme %q is not supported. Scheme must be one of ('http', 'https').", u.Scheme))
	}
}

func (r embedReader) timestamp(f form, ts string) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02"} {
		if t, err := time.Parse(layout, ts); err == nil {
			r.out["timestamp"] = timestamp(t)
			return
		}
	}
	f.complain("timestamp", "DATE_TIME_TYPE_PARSE", "Could not parse "+strconv.Quote(clip(ts))+". Should be ISO8601.")
}
