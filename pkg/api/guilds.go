package api

import (
	"net/http"

	"github.com/flora-runtime/flora-runtime/pkg/conduct"
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
	if err := a.cfg.Authorizer.Operator(c.ctx(), c.who); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, a.cfg.Guilds.Release(c.guild))
}

// metrics is the operator's too: it tells of all guilds together.
func (a *API) metrics(c *call) error {
	if err := a.cfg.Authorizer.Operator(c.ctx(), c.who); err != nil {
		return err
	}
	a.cfg.Metrics.ServeHTTP(c.Response(), c.Request())
	return nil
}

func (a *API) summary(c *call) error {
	if err := a.cfg.Authorizer.Operator(c.ctx(), c.who); err != nil {
		return err
	}
	a.cfg.Summary.ServeHTTP(c.Response(), c.Request())
	return nil
}
