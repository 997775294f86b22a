package discord

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

func TestSyncCommandsWritesOnlyWhatChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{})
	c := &Commands{REST: w.cfg.REST, Application: func() snowflake.ApplicationID { return 0 }}
	guild := w.guilds[0].ID
	// writes makes the commands what is given and counts the requests that write.
	writes := func(commands string) int {
		t.Helper()
		var seq int64
		if all := w.sim.Requests(0); len(all) > 0 {
			seq = all[len(all)-1].Seq
		}
		if err := c.SyncCommands(t.Context(), guild, json.RawMessage(commands)); err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, r := range w.sim.Requests(seq) {
			if r.Method != http.MethodGet {
				n++
			}
		}
		return n
	}
	const hello = `{"name":"hello","description":"says hello"}`
	const full = `{"name":"full","description":"d","nameLocalizations":{"de":"voll"},"default_member_permissions":"8","nsfw":true,"options":[
		{"name":"n","description":"a number","type":"integer","required":true,"minValue":1,"max_value":10},
		{"name":"s","description":"text","choices":[{"name":"a","value":"b"}]},
		{"name":"c","description":"a channel","type":7,"channelTypes":[0]}]}`
	const groups = `{"name":"groups","description":"d","options":[{"name":"g","description":"d","type":"subcommand_group","options":[{"name":"x","description":"d","type":"subcommand","options":[{"name":"o","description":"d","type":"boolean"}]}]}]}`
	const menu = `{"name":"Look","type":"user"}`
	for _, step := range []struct {
		name     string
		commands string
		writes   int
	}{
		{"nothing, and there is nothing", `[]`, 0},
		{"the first", `[` + hello + `]`, 1},
		{"the same", `[` + hello + `]`, 0},
		{"another spelling of the same", `[{"description":"says hello","name":"hello","type":1,"options":[],"nsfw":false,"default_member_permissions":null,"name_localizations":null}]`, 0},
		{"another description", `[{"name":"hello","description":"says hi"}]`, 1},
		{"many", `[` + hello + `,` + full + `,` + groups + `,` + menu + `]`, 1},
		{"the same many in another order", `[` + menu + `,` + groups + `,` + full + `,` + hello + `]`, 0},
		{"one less", `[` + hello + `,` + full + `,` + groups + `]`, 1},
		{"a bound changed", `[` + hello + `,` + strings.Replace(full, `"max_value":10`, `"max_value":11`, 1) + `,` + groups + `]`, 1},
		{"a choice changed", `[` + hello + `,` + strings.Replace(full, `"value":"b"`, `"value":"c"`, 1) + `,` + groups + `]`, 1},
		{"a nested option changed", `[` + hello + `,` + full + `,` + strings.Replace(groups, `"boolean"`, `"string"`, 1) + `]`, 1},
		{"null is nothing", `null`, 1},
		{"nothing again", `[]`, 0},
	} {
		if got := writes(step.commands); got != step.writes {
			t.Errorf("%s: %d writes, want %d", step.name, got, step.writes)
		}
	}
}

func TestSyncCommandsErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{})
	c := &Commands{REST: w.cfg.REST, Application: w.sim.ApplicationID}
	deep := strings.Repeat(`{"name":"a","description":"d","options":[`, 9) + strings.Repeat(`]}`, 9)
	for _, bad := range []struct{ name, commands, says string }{
		{"no list", `{}`, "it must be a list"},
		{"no JSON", `[`, "it must be a list"},
		{"null in the list", `[null]`, "commands[0]"},
		{"no name", `[{"name":"a","description":"d"},{"description":"x"}]`, "commands[1].name"},
		{"an unknown type", `[{"name":"a","description":"d","options":[{"name":"b","type":"integre"}]}]`, `commands[0].options[0].type: "integre" is no type`},
		{"options that are no list", `[{"name":"a","description":"d","options":1}]`, "commands[0].options"},
		{"an option that is no object", `[{"name":"a","description":"d","options":[1]}]`, "commands[0].options[0]"},
		{"options too deep", `[` + deep + `]`, "nested more than"},
		{"too long", `[{"name":"` + strings.Repeat("a", maxCommandDocument) + `"}]`, "longer than"},
	} {
		err := c.SyncCommands(t.Context(), w.guilds[0].ID, json.RawMessage(bad.commands))
		if !fault.Is(err, fault.InvalidInput) || !strings.Contains(err.Error(), bad.says) {
			t.Errorf("%s: got %v", bad.name, err)
		}
	}
	err := c.SyncCommands(t.Context(), w.guilds[0].ID, json.RawMessage(`[{"name":"Not Valid","description":"d"}]`))
	if f := fault.From(err); f.Code != fault.DiscordHTTP || f.Details["status"] != 400 || f.Details["discord_code"] != 50035 {
		t.Errorf("Discord's own refusal: %v", err)
	}
}
