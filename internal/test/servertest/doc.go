// Package servertest starts the servers that session stores talk to: the real
// ones, from Debian's packages, for tests under the build tag "integration".
// Each listens on a free port of the loopback interface, keeps its data in a
// directory of its own, and is gone when the test ends.
//
//	server := servertest.StartRedis(t)
//	server.Kill()    // SIGKILL: connections break, further ones are refused
//	server.Restart() // on the same port, with the same data
//
// What goes wrong here ends the test that asked for the server, so the
// functions and methods belong on that test's own goroutine. A binary that is
// missing is such a failure and never a skipped test.
package servertest
