// Package discordsim is a Discord on loopback: the gateway, the REST API and
// the interaction endpoints that a bot talks to, with Discord's own error
// bodies, permissions, rate limits and clocks, and a control surface (/sim) to
// act as the people of its servers and to script faults. It is the only test
// double of the project; libraries made for Discord run against it unchanged.
// Nothing is persisted, and the ids of the initial guilds never change.
//
// One mutex, Sim.mu, guards the whole simulated world and the gateway
// sessions. Events are queued on connections while it is held, so every
// session sees them in the order in which the world changed.
package discordsim
