package discordsim_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// TestAStage sets a guild up without anybody in it, and people who come.
func TestAStage(t *testing.T) {
	t.Parallel()
	sim, err := discordsim.New(discordsim.Config{Guilds: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	const guild = snowflake.GuildID(999000000000000000)
	general, owner, err := sim.Clear(guild)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(sim.Members(guild)); n != 2 {
		t.Errorf("%d members, want the owner and the bot", n)
	}
	role, err := sim.AddRole(guild, "Mods", 8)
	if err != nil {
		t.Fatal(err)
	}
	nick := "Bobby"
	bob, err := sim.Join(guild, discordsim.Newcomer{Username: "Bob B.", Nick: &nick, Roles: []snowflake.RoleID{role}, Silent: true})
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		User struct{ ID, Username string }
		Nick string
	}
	for _, raw := range sim.Members(guild) {
		if err := json.Unmarshal(raw, &m); err == nil && m.User.ID == bob.String() {
			break
		}
	}
	if m.User.Username != "Bob B." || m.Nick != "Bobby" {
		t.Errorf("the member is %+v", m)
	}
	parent, err := sim.AddChannel(guild, "Group", 4, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	topic := "words"
	second, err := sim.AddChannel(guild, "second", 0, &topic, &parent)
	if err != nil {
		t.Fatal(err)
	}
	said, err := sim.Reply(guild, second, bob.String(), "hello", "")
	if err != nil {
		t.Fatal(err)
	}
	var message struct{ ID snowflake.MessageID }
	if err := json.Unmarshal(said, &message); err != nil {
		t.Fatal(err)
	}
	if _, err := sim.Reply(guild, second, owner.String(), "hello to you", message.ID.String()); err != nil {
		t.Fatal(err)
	}
	for _, add := range []bool{true, false} {
		if err := sim.React(guild, second, message.ID, bob.String(), "\U0001F44D", add); err != nil {
			t.Fatal(err)
		}
	}
	all := sim.Messages(guild)
	if len(all) != 2 || !strings.Contains(string(all[0]), `"hello"`) || !strings.Contains(string(all[1]), `"message_reference"`) {
		t.Errorf("messages: %s", all)
	}
	for what, err := range map[string]error{
		"an unknown guild":         errOf(sim.Join(1, discordsim.Newcomer{Username: "x"})),
		"twice":                    errOf(sim.Join(guild, discordsim.Newcomer{ID: bob, Username: "x"})),
		"an unknown role":          errOf(sim.Join(guild, discordsim.Newcomer{Username: "x", Roles: []snowflake.RoleID{5}})),
		"a thread":                 errOf(sim.AddChannel(guild, "t", 11, nil, nil)),
		"an unknown channel":       errOf(sim.Reply(guild, 5, "", "x", "")),
		"an unknown message":       sim.React(guild, general, 5, "", "\U0001F44D", true),
		"no emoji":                 sim.React(guild, second, message.ID, "", "x", true),
		"the owner goes":           sim.Part(guild, owner),
		"somebody who is not here": sim.Part(guild, 5),
		"no event":                 sim.Emit(guild, "NOPE", nil),
		"no command":               errOf(sim.Begin(guild, discordsim.Action{Command: "x"})),
	} {
		if err == nil {
			t.Errorf("%s is taken", what)
		} else if reason := discordsim.Reason(err); reason == "" || strings.Contains(reason, "(100") {
			t.Errorf("%s: %q", what, reason)
		}
	}
	if err := sim.Part(guild, bob); err != nil {
		t.Error(err)
	}
}

func errOf[T any](_ T, err error) error { return err }
