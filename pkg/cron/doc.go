// Package cron keeps the schedules of every guild's jobs and says, once a
// second, which are due. Times are UTC. An expression has five fields (minute,
// hour, day of month, month, weekday), six with the seconds in front, or seven
// with the year behind them; a day matches when its day of month or its
// weekday does, if both are restricted.
//
// gronx works out the times. It is lenient and reads some expressions in
// surprising ways (names in any field, values that are out of range later in a
// list, four digits at the end of six fields as a year, a step on the weekday
// as "and"), so Parse checks every field by itself and gives gronx plain
// sorted lists only.
package cron
