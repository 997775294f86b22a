package api

import (
	"context"
	"net/http"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/secret"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Secrets are what scripts may send and never see.
type Secrets interface {
	List(ctx context.Context, guild snowflake.GuildID) ([]secret.Listed, error)
	Put(ctx context.Context, guild snowflake.GuildID, name string, in secret.Input) (secret.Secret, error)
	Delete(ctx context.Context, guild snowflake.GuildID, name string) (deleted bool, err error)
}

// secretDoc is a secret as the API shows it. There is no way to show its value.
type secretDoc struct {
	Name         string    `json:"name"`
	AllowedHosts []string  `json:"allowed_hosts"`
	AllowHTTP    bool      `json:"allow_http"`
	CreatedAt    time.Time `json:"created_at"`
	UpdatedAt    time.Time `json:"updated_at"`
	Broken       bool      `json:"broken,omitempty"`
}

// secretBody is a secret as it is set.
type secretBody struct {
	Value string   `json:"value"`
	Hosts []string `json:"allowed_hosts,omitempty"`
	HTTP  bool     `json:"allow_http,omitempty"`
}

func secretOf(s secret.Secret, broken bool) secretDoc {
	return secretDoc{Name: s.Name, AllowedHosts: s.AllowedHosts, AllowHTTP: s.AllowHTTP, CreatedAt: s.CreatedAt.UTC(), UpdatedAt: s.UpdatedAt.UTC(), Broken: broken}
}

func (a *API) listSecrets(c *call) error {
	all, err := a.cfg.Secrets.List(c.ctx(), c.guild)
	if err != nil {
		return err
	}
	out := make([]secretDoc, len(all))
	for i, s := range all {
		out[i] = secretOf(s.Secret, s.Broken)
	}
	return c.JSON(http.StatusOK, out)
}

func (a *API) putSecret(c *call) error {
	name, err := c.param("name")
	if err != nil {
		return err
	}
	var in secretBody
	if err := c.body(&in); err != nil {
		return err
	}
	s, err := a.cfg.Secrets.Put(c.ctx(), c.guild, name, secret.Input{Value: in.Value, AllowedHosts: in.Hosts, AllowHTTP: in.HTTP})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, secretOf(s, false))
}

func (a *API) deleteSecret(c *call) error {
	name, err := c.param("name")
	if err != nil {
		return err
	}
	deleted, err := a.cfg.Secrets.Delete(c.ctx(), c.guild, name)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, deletedDoc{Deleted: deleted})
}
