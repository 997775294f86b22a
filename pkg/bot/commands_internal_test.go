package bot

import "testing"

func TestRefusalsNameTheirCommands(t *testing.T) {
	t.Parallel()
	const commands = `[{"name":"ping"},{"name":"Bad Name"},{"description":"d"}]`
	for _, c := range []struct{ refusal, want string }{
		{"Discord HTTP error (400): Invalid Form Body: 1.name: Command name is invalid (route: PUT /x)", `Discord HTTP error (400): Invalid Form Body: 1.name: Command name is invalid (route: PUT /x) (command 1 is "Bad Name")`},
		{"Invalid Form Body: 0.options.1: Required 1.name: Invalid 0.name: Invalid", `Invalid Form Body: 0.options.1: Required 1.name: Invalid 0.name: Invalid (command 0 is "ping", 1 is "Bad Name")`},
		{"Invalid input for commands[1].options[0].type: x", `Invalid input for commands[1].options[0].type: x (command 1 is "Bad Name")`},
		{"Invalid input for commands[2].name: it is missing", "Invalid input for commands[2].name: it is missing"},
		{"Discord HTTP error (403): Missing Access", "Discord HTTP error (403): Missing Access"},
	} {
		if got := namedCommands(c.refusal, []byte(commands)); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}
