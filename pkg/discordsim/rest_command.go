package discordsim

import (
	"net/http"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

func (s *Sim) commandRoutes() []route {
	const global = "/applications/{application}/commands"
	const guild = "/applications/{application}/guilds/{guild}/commands"
	create := per(5, 20*time.Second)
	var routes []route
	for _, list := range []string{global, guild} {
		routes = append(routes,
			route{method: "GET", pattern: list, handle: s.listCommands},
			route{method: "POST", pattern: list, handle: s.createCommand, bucket: create},
			route{method: "PUT", pattern: list, handle: s.replaceCommands, bucket: create},
			route{method: "GET", pattern: list + "/{command}", handle: s.getCommand},
			route{method: "PATCH", pattern: list + "/{command}", handle: s.editCommand, bucket: create},
			route{method: "DELETE", pattern: list + "/{command}", handle: s.deleteCommand, bucket: create},
		)
	}
	return append(routes,
		route{method: "GET", pattern: guild + "/permissions", handle: s.listCommandRules},
		route{method: "GET", pattern: guild + "/{command}/permissions", handle: s.getCommandRules},
		route{method: "PUT", pattern: guild + "/{command}/permissions", handle: s.setCommandRules, open: true},
	)
}

// pathCommands finds the scope of the path: the application's commands, or a guild's.
func (c *call) pathCommands() (*commandSet, *guild, error) {
	id, err := pathID[snowflake.ApplicationID](c, "application")
	if err != nil {
		return nil, nil, err
	}
	if id != c.sim.application.ID {
		return nil, nil, errUnknownApplication
	}
	if c.param("guild") == "" {
		return &c.sim.commands, nil, nil
	}
	g, err := c.pathGuild()
	if err != nil {
		return nil, nil, err
	}
	return &g.commands, g, nil
}

func (c *call) pathCommand() (*commandSet, *guild, *command, error) {
	set, g, err := c.pathCommands()
	if err != nil {
		return nil, nil, nil, err
	}
	id, err := pathID[snowflake.CommandID](c, "command")
	if err != nil {
		return nil, nil, nil, err
	}
	cmd := set.get(id)
	if cmd == nil {
		return nil, nil, nil, errUnknownCommand
	}
	return set, g, cmd, nil
}

func (s *Sim) listCommands(c *call) (any, error) {
	set, _, err := c.pathCommands()
	if err != nil {
		return nil, err
	}
	if set.list == nil {
		return []*command{}, nil
	}
	return set.list, nil
}

func (s *Sim) getCommand(c *call) (any, error) {
	_, _, cmd, err := c.pathCommand()
	return cmd, err
}

func (s *Sim) createCommand(c *call) (any, error) {
	set, g, err := c.pathCommands()
	if err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	cmd := readCommand(f, nil)
	if err := f.err(); err != nil {
		return nil, err
	}
	if old := set.named(cmd.Type, cmd.Name); old != nil {
		s.register(cmd, g, old.ID)
		*old = *cmd
		s.noteCommands(g)
		return old, nil
	}
	if err := set.room(cmd.Type); err != nil {
		return nil, err
	}
	s.register(cmd, g, 0)
	set.list = append(set.list, cmd)
	s.noteCommands(g)
	c.status = http.StatusCreated
	return cmd, nil
}

// register gives the command its identity: a new id, or the old one's.
func (s *Sim) register(cmd *command, g *guild, id snowflake.CommandID) {
	if id == 0 {
		id = snowflake.CommandID(s.ids.next())
	}
	cmd.ID, cmd.ApplicationID, cmd.Version = id, s.application.ID, uint64String(s.ids.next())
	if g != nil {
		cmd.GuildID = &g.ID
	}
}

// replaceCommands is the bulk overwrite: commands of the same name keep their id.
func (s *Sim) replaceCommands(c *call) (any, error) {
	set, g, err := c.pathCommands()
	if err != nil {
		return nil, err
	}
	list, f, err := c.forms(maxChatCommands + 2*maxOtherCommands)
	if err != nil {
		return nil, err
	}
	var next commandSet
	for _, e := range list {
		cmd := readCommand(e, nil)
		if next.named(cmd.Type, cmd.Name) != nil {
			e.complain("name", "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique")
		}
		if err := next.room(cmd.Type); err != nil {
			return nil, err
		}
		next.list = append(next.list, cmd)
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	for _, cmd := range next.list {
		var id snowflake.CommandID
		if old := set.named(cmd.Type, cmd.Name); old != nil {
			id = old.ID
		}
		s.register(cmd, g, id)
	}
	set.list = next.list
	s.noteCommands(g)
	for id := range set.rules {
		if id != uint64(s.application.ID) && set.get(snowflake.CommandID(id)) == nil && s.commands.get(snowflake.CommandID(id)) == nil {
			delete(set.rules, id)
		}
	}
	if set.list == nil {
		return []*command{}, nil
	}
	return set.list, nil
}

func (s *Sim) editCommand(c *call) (any, error) {
	set, g, cmd, err := c.pathCommand()
	if err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	after := readCommand(f, cmd)
	if other := set.named(after.Type, after.Name); other != nil && other != cmd {
		f.complain("name", "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique")
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	after.Version = uint64String(s.ids.next())
	*cmd = *after
	s.noteCommands(g)
	return cmd, nil
}

func (s *Sim) deleteCommand(c *call) (any, error) {
	set, g, cmd, err := c.pathCommand()
	if err != nil {
		return nil, err
	}
	set.remove(cmd)
	s.noteCommands(g)
	return nil, nil
}
