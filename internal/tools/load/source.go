package main

import (
	"context"
	"fmt"
	"net"
)

// sources is how many client addresses a load comes from. The application
// bounds what one address may do; a crowd has many.
const sources = 1000

// sourceIP is the loopback address of the i-th client.
func sourceIP(i int) net.IP {
	i %= sources
	return net.IPv4(127, 1, byte(i/250), byte(1+i%250))
}

// sourceAddr is it as a server's request names it.
func sourceAddr(i int) string { return fmt.Sprintf("%v:50000", sourceIP(i)) }

// dialerFrom connects as the i-th client. Where the system has but one loopback
// address, as others than Linux do, all come from that one.
func dialerFrom(i int) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		own := net.Dialer{LocalAddr: &net.TCPAddr{IP: sourceIP(i)}, Timeout: patience}
		conn, err := own.DialContext(ctx, network, addr)
		if err == nil {
			return conn, nil
		}
		shared := net.Dialer{Timeout: patience}
		return shared.DialContext(ctx, network, addr)
	}
}

// dialFrom connects as the i-th client.
func dialFrom(i int, addr string) (net.Conn, error) {
	return dialerFrom(i)(context.Background(), "tcp", addr)
}
