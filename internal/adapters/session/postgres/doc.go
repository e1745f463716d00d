// Package postgres is a session store in a PostgreSQL database, which any
// number of instances of the application share.
//
// It makes its tables itself, with the first use that finds the server, in the
// first schema of the search_path: webapp_session_records,
// webapp_session_indexes and webapp_session_schema. The role must be allowed to
// create them, or they must be there. They are logged tables: unlogged ones
// would be quicker to write, but a crash of the server would empty them and so
// sign everybody out, and no standby would have them. Nor does the store turn
// synchronous_commit off, which could bring a session back that has ended;
// writes are few beside reads.
//
// Records expire by the clock of the application, so instances need clocks
// that agree to within seconds. Expired records are invisible at once and
// removed in the background, a few at a time, by whichever instance comes
// first.
//
// The number of sessions, for the metrics, is counted every fifteen seconds at
// most and with a hundredth of a processor at most, so on a large table less
// often; a count that takes two seconds, with more than a million sessions, is
// given up and gives no number.
//
// Statements are prepared once for each connection. A pooler between the
// application and the server has to know prepared statements, as PgBouncer
// does from 1.21 on with max_prepared_statements set; for others add
// default_query_exec_mode=exec to the URL. No session state is used, so that
// transaction pooling is enough.
package postgres
