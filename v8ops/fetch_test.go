package v8ops_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/v8ops"
	"github.com/flora-runtime/flora-runtime/v8ops/outbound"
)

// files is a web of two files; it notes what it was asked for.
type files struct{ asked []string }

func (f *files) Fetch(_ context.Context, guild snowflake.GuildID, url string, most int64) ([]byte, string, error) {
	f.asked = append(f.asked, guild.String()+" "+url)
	data, ok := map[string][]byte{"https://e.x/pictures/cat.png?size=2": []byte("\x89PNG"), "https://e.x": []byte("root")}[url]
	if !ok || int64(len(data)) > most {
		return nil, "", fault.New(fault.ScopeForbidden, "scripts may not reach %s", url)
	}
	return data, "image/png", nil
}

// TestFilesByAddress come through the fetcher, named by the script or by the
// end of their address, and what the fetcher refuses is not sent.
func TestFilesByAddress(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, op, args, file, data string
		refused                    bool
	}{
		{"named by its address", "op_send_message", `{"channelId":"300000000000000001","attachments":[{"url":"https://e.x/pictures/cat.png?size=2"}]}`, "cat.png", "\x89PNG", false},
		{"named by the script", "op_send_message", `{"channelId":"300000000000000001","attachments":[{"Url":{"url":"https://e.x/pictures/cat.png?size=2","filename":"my.png"}}]}`, "my.png", "\x89PNG", false},
		{"without a name", "op_create_followup_message", `{"token":"` + tokenA + `","attachments":[{"url":{"url":"https://e.x"}}]}`, "attachment", "root", false},
		{"a sticker", "op_create_sticker", `{"name":"cat","tags":"t","file":{"url":"https://e.x/pictures/cat.png?size=2"}}`, "cat.png", "\x89PNG", false},
		{"what may not be reached", "op_send_message", `{"channelId":"300000000000000001","attachments":[{"url":"http://169.254.169.254/"}]}`, "", "", true},
	} {
		web, rest := &files{}, &rest{answer: json.RawMessage(`{"id":"1"}`)}
		table, err := v8ops.Table(v8ops.Deps{KV: noKV, Discord: &outbound.Discord{
			REST: rest, Scope: newScope(t), Fetcher: web, Application: func() snowflake.ApplicationID { return application },
		}})
		if err != nil {
			t.Fatal(err)
		}
		o, _ := table.Lookup(tt.op)
		_, err = o.Handler(t.Context(), op.Call{Guild: guildA, Args: json.RawMessage(tt.args)})
		if tt.refused {
			if !fault.Is(err, fault.ScopeForbidden) || len(rest.sent()) > 0 {
				t.Errorf("%s: %v, %d requests", tt.name, err, len(rest.sent()))
			}
			continue
		}
		if err != nil || len(rest.sent()) != 1 || len(web.asked) != 1 || web.asked[0][:len(guildA.String())] != guildA.String() {
			t.Errorf("%s: %v, asked %q", tt.name, err, web.asked)
			continue
		}
		req := rest.sent()[0]
		file := req.Files
		if req.Form != nil {
			file = append(file, req.Form.File)
		}
		if len(file) != 1 || file[0].Name != tt.file || string(file[0].Data) != tt.data {
			t.Errorf("%s: sent %+v", tt.name, file)
		}
	}
}
