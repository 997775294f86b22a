package api

import (
	"context"
	"net/http"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/settings"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Settings are what a guild's admins set beside the script.
type Settings interface {
	Get(ctx context.Context, guild snowflake.GuildID) (settings.Settings, error)
	Put(ctx context.Context, guild snowflake.GuildID, s settings.Settings) error
	Variables(ctx context.Context, guild snowflake.GuildID) ([]settings.Variable, error)
	PutVariable(ctx context.Context, guild snowflake.GuildID, name, value string) (settings.Variable, error)
	DeleteVariable(ctx context.Context, guild snowflake.GuildID, name string) (deleted bool, err error)
}

// settingsDoc is a guild's settings as they are set; what is left out is off.
type settingsDoc struct {
	ErrorReplies    bool   `json:"error_replies,omitempty"`
	ErrorText       string `json:"error_reply_text,omitempty"`
	InboundEndpoint bool   `json:"inbound_endpoint,omitempty"`
}

// shownSettings is a guild's settings as they are in force.
type shownSettings struct {
	ErrorReplies    bool   `json:"error_replies"`
	ErrorText       string `json:"error_reply_text"`
	InboundEndpoint bool   `json:"inbound_endpoint"`
	EndpointURL     string `json:"endpoint_url,omitempty"`
}

func (c *call) showSettings(s settings.Settings) error {
	text := s.ErrorText
	if text == "" {
		text = settings.DefaultErrorText
	}
	at := ""
	if in := c.api.cfg.Inbound; in != nil {
		at = in.URL(c.guild)
	}
	return c.JSON(http.StatusOK, shownSettings{s.ErrorReplies, text, s.InboundEndpoint, at})
}

func (a *API) getSettings(c *call) error {
	s, err := a.cfg.Settings.Get(c.ctx(), c.guild)
	if err != nil {
		return err
	}
	return c.showSettings(s)
}

func (a *API) putSettings(c *call) error {
	var in settingsDoc
	if err := c.body(&in); err != nil {
		return err
	}
	if in.ErrorText == settings.DefaultErrorText {
		in.ErrorText = "" // As it was shown: a later version's text holds then.
	}
	s := settings.Settings{ErrorReplies: in.ErrorReplies, ErrorText: in.ErrorText, InboundEndpoint: in.InboundEndpoint}
	if err := a.cfg.Settings.Put(c.ctx(), c.guild, s); err != nil {
		return err
	}
	return c.showSettings(s)
}

type variableDoc struct {
	Name      string    `json:"name"`
	Value     string    `json:"value"`
	UpdatedAt time.Time `json:"updated_at"`
}

func variableOf(v settings.Variable) variableDoc {
	return variableDoc{Name: v.Name, Value: v.Value, UpdatedAt: v.UpdatedAt.UTC()}
}

func (a *API) listVariables(c *call) error {
	all, err := a.cfg.Settings.Variables(c.ctx(), c.guild)
	if err != nil {
		return err
	}
	out := make([]variableDoc, len(all))
	size := 0
	for i, v := range all {
		out[i] = variableOf(v)
		size += len(v.Value)
	}
	if err := c.hold(size); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

func (a *API) getVariable(c *call) error {
	name, err := c.param("name")
	if err != nil {
		return err
	}
	all, err := a.cfg.Settings.Variables(c.ctx(), c.guild)
	if err != nil {
		return err
	}
	for _, v := range all {
		if v.Name == name {
			return c.JSON(http.StatusOK, variableOf(v))
		}
	}
	return fault.New(fault.NotFound, "Resource not found: this server has no variable of this name")
}

func (a *API) putVariable(c *call) error {
	name, err := c.param("name")
	if err != nil {
		return err
	}
	var in struct {
		Value string `json:"value"`
	}
	if err := c.body(&in); err != nil {
		return err
	}
	v, err := a.cfg.Settings.PutVariable(c.ctx(), c.guild, name, in.Value)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, variableOf(v))
}

func (a *API) deleteVariable(c *call) error {
	name, err := c.param("name")
	if err != nil {
		return err
	}
	deleted, err := a.cfg.Settings.DeleteVariable(c.ctx(), c.guild, name)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, deletedDoc{Deleted: deleted})
}
