// Package container proves that the image runs as it says, without an engine:
// its last stage is taken from the Dockerfile as BuildKit's parser reads it, made
// into a root with Debian's own packages, and entered as an engine would do it.
package container
