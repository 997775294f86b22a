package discordsim

import (
	"net/http"
	"strings"
	"time"
)

// mount puts REST, gateway and control under their prefixes.
func (s *Sim) mount() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := r.URL.Path
		switch {
		case r.Method == http.MethodGet && (p == "/api/oauth2/authorize" || p == "/api/v10/oauth2/authorize"):
			s.serveAuthorize(w, r)
		case strings.HasPrefix(p, "/api/v10/"):
			s.rest.serve(r.Context(), w, r, "/api/v10")
		case strings.HasPrefix(p, "/api/v9/"):
			s.rest.serve(r.Context(), w, r, "/api/v9")
		case strings.HasPrefix(p, "/api/oauth2/"):
			s.rest.serve(r.Context(), w, r, "/api")
		case p == "/gateway" || p == "/gateway/":
			s.serveGateway(w, r)
		case p == "/sim" || strings.HasPrefix(p, "/sim/"):
			s.serveControl(w, r)
		case p == "/api/gateway" || strings.HasPrefix(p, "/api/gateway/"):
			s.rest.serve(r.Context(), w, r, "/api")
		default:
			writeError(w, errRouteNotFound)
		}
	})
}

// restRoutes is the table of REST.
func (s *Sim) restRoutes() *router {
	var routes []route
	for _, part := range [][]route{
		s.sessionRoutes(), s.oauthRoutes(), s.messageRoutes(), s.channelRoutes(), s.guildRoutes(),
		s.interactionRoutes(), s.webhookRoutes(), s.commandRoutes(),
	} {
		routes = append(routes, part...)
	}
	return newRouter(s, routes)
}

func (s *Sim) sessionRoutes() []route {
	return []route{
		{method: "GET", pattern: "/gateway", handle: s.getGateway, open: true, free: true},
		{method: "GET", pattern: "/gateway/bot", handle: s.getGatewayBot},
		{method: "GET", pattern: "/oauth2/applications/@me", handle: s.getApplication},
		{method: "GET", pattern: "/applications/@me", handle: s.getApplication},
		{method: "PATCH", pattern: "/applications/@me", handle: s.getApplication},
		{method: "GET", pattern: "/users/@me", handle: s.getSelf, bearer: "identify"},
		{method: "PATCH", pattern: "/users/@me", handle: s.editSelf},
		{method: "GET", pattern: "/users/@me/guilds", handle: s.listOwnGuilds, bearer: "guilds"},
		{method: "DELETE", pattern: "/users/@me/guilds/{guild}", handle: s.leaveGuild},
		{method: "GET", pattern: "/users/{user}", handle: s.getUser},
		{method: "GET", pattern: "/invites/{code}", handle: s.getInvite},
		{method: "DELETE", pattern: "/invites/{code}", handle: s.deleteInvite},
	}
}

func per(limit int, window time.Duration) bucketRule { return bucketRule{limit: limit, per: window} }

// The buckets that several routes share.
var (
	reactionBucket = bucketRule{limit: 1, per: 250 * time.Millisecond, family: "reactions"}
	webhookBucket  = bucketRule{limit: 5, per: 2 * time.Second, family: "webhook messages"}
)

func (s *Sim) messageRoutes() []route {
	const list = "/channels/{channel}/messages"
	const one = list + "/{message}"
	const reactions = one + "/reactions"
	return []route{
		{method: "GET", pattern: list, handle: s.listMessages, bucket: per(5, time.Second)},
		{method: "POST", pattern: list, handle: s.createMessage, bucket: per(5, 5*time.Second)},
		{method: "POST", pattern: list + "/bulk-delete", handle: s.bulkDelete, bucket: per(1, time.Second)},
		{method: "GET", pattern: one, handle: s.getMessage, bucket: per(5, time.Second)},
		{method: "PATCH", pattern: one, handle: s.editMessage, bucket: per(5, 5*time.Second)},
		{method: "DELETE", pattern: one, handle: s.deleteMessage, bucket: per(5, time.Second)},
		{method: "POST", pattern: one + "/crosspost", handle: s.crosspost, bucket: per(10, time.Hour)},
		{method: "POST", pattern: one + "/threads", handle: s.startThreadFromMessage, bucket: per(50, 5*time.Minute)},
		{method: "POST", pattern: "/channels/{channel}/typing", handle: s.startTyping, bucket: per(5, 5*time.Second)},

		{method: "PUT", pattern: reactions + "/{emoji}/@me", handle: s.addReaction, bucket: reactionBucket},
		{method: "DELETE", pattern: reactions + "/{emoji}/@me", handle: s.removeOwnReaction, bucket: reactionBucket},
		{method: "DELETE", pattern: reactions + "/{emoji}/{user}", handle: s.removeReaction, bucket: reactionBucket},
		{method: "DELETE", pattern: reactions + "/{emoji}", handle: s.clearReactionsOf, bucket: reactionBucket},
		{method: "DELETE", pattern: reactions, handle: s.clearReactions, bucket: reactionBucket},
		{method: "GET", pattern: reactions + "/{emoji}", handle: s.listReactions},

		{method: "GET", pattern: "/channels/{channel}/pins", handle: s.listPins},
		{method: "PUT", pattern: "/channels/{channel}/pins/{message}", handle: s.pinMessage, bucket: per(5, 5*time.Second)},
		{method: "DELETE", pattern: "/channels/{channel}/pins/{message}", handle: s.unpinMessage, bucket: per(5, 5*time.Second)},
		{method: "GET", pattern: "/channels/{channel}/polls/{message}/answers/{answer}", handle: s.listVoters},
		{method: "POST", pattern: "/channels/{channel}/polls/{message}/expire", handle: s.endPoll},
		{method: "GET", pattern: list + "/pins", handle: s.pagePins},
		{method: "PUT", pattern: list + "/pins/{message}", handle: s.pinMessage, bucket: per(5, 5*time.Second)},
		{method: "DELETE", pattern: list + "/pins/{message}", handle: s.unpinMessage, bucket: per(5, 5*time.Second)},
	}
}
