// Package spec holds what users and operators can rely on, seen from outside:
// scripts in testdata that run the built binaries. FLORA_BIN names the folder
// with the binaries; without it they are built first.
package spec
