// Package servertest starts real Redis and PostgreSQL servers from Debian's
// packages, for tests with the build tag "integration". Each server listens on a
// free port of the loopback interface, has its own data directory and ends with the
// test.
//
//	server := servertest.StartRedis(t)
//	server.Kill()    // SIGKILL: connections break, new ones are refused
//	server.Restart() // on the same port, with the same data
//
// An error ends the test, so call the functions and methods on the goroutine of the
// test. A missing binary is an error too; the test is not skipped.
package servertest
