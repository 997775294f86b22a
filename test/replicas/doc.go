// Package replicas takes away, one by one, what several processes of one bot
// stand on - processes, their network, Redis - while people use the bot, and
// looks from outside whether it kept its promises: nothing is answered twice,
// nothing is lost without a line about it, and no shard has two owners.
package replicas
