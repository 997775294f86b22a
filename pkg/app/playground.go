package app

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/flora-runtime/flora-runtime/pkg/api"
	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
	"github.com/flora-runtime/flora-runtime/pkg/playground"
)

// mountLocal puts beside the API what only this machine may use: the simulated
// Discord and, in dev, the playground.
func (rt *runtime) mountLocal(cfg *api.Config) error {
	if rt.sim != nil {
		cfg.Local, cfg.LocalPrefixes = rt.sim.Handler(), discordsim.Prefixes
	}
	if !rt.opts.playground {
		return nil
	}
	var asOperator http.Handler // With the real Discord there is nothing to look at.
	if rt.sim != nil {
		who := auth.Identity{UserID: operator, Username: operator, Type: auth.TypeToken}
		asOperator = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { rt.api.As(who).ServeHTTP(w, r) })
	}
	page, err := playground.New(asOperator)
	if err != nil {
		return fmt.Errorf("open the playground: %w", err)
	}
	discord := cfg.Local
	cfg.Local = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if discord == nil || playground.Owns(r.URL.Path) {
			page.ServeHTTP(w, r)
			return
		}
		discord.ServeHTTP(w, r)
	})
	cfg.LocalPrefixes = slices.Concat(playground.Prefixes, cfg.LocalPrefixes)
	return nil
}
