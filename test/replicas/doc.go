// Package replicas takes away, one by one, what several processes of one bot
// stand on - processes, their network, Redis - while people use the bot, and
// looks from outside whether it kept its promises: nothing is answered twice,
// nothing is lost without a line about it, and no shard has two owners.
//
// With FLORA_SOAK=1 every fault happens, in another order and at other moments for
// each seed; SOAK_SEEDS=7-20 says which seeds, and SOAK_FAULTS=roll
// that only faults with this in their name happen. go test -artifacts -outputdir keeps
// what the processes of a test that failed said.
package replicas
