package api

import (
	"net/http"

	"github.com/flora-runtime/flora-runtime/pkg/conduct"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Guilds tells what the guilds' scripts are doing.
type Guilds interface {
	Status(guild snowflake.GuildID) conduct.Status
	// Release forgets what a guild's script was charged with, ends its
	// quarantine and gives the status after that.
	Release(guild snowflake.GuildID) conduct.Status
}

func (a *API) guildStatus(c *call) error {
	return c.JSON(http.StatusOK, a.cfg.Guilds.Status(c.guild))
}

// releaseGuild is the operator's: authors deploy something better instead.
func (a *API) releaseGuild(c *call) error {
	if s := a.cfg.Guilds.Status(c.guild); s.State == conduct.None && len(s.Strikes) == 0 {
		return fault.New(fault.NotFound, "Resource not found: nothing is deployed in guild %s, or the bot is not in it", c.guild)
	}
	return c.JSON(http.StatusOK, a.cfg.Guilds.Release(c.guild))
}

// metrics is the operator's too: it tells of all guilds together.
func (a *API) metrics(c *call) error {
	a.cfg.Metrics.ServeHTTP(c.Response(), c.Request())
	return nil
}
