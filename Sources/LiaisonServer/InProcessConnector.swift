import EventLoop
import Glibc
import HTTP

/// Opens connections to a server of this process: one end of a pair of sockets each, without an address. Any thread.
package struct InProcessConnector: Sendable {
  let loops: [EventLoop]
  let listeners: [HTTPListener]

  /// The client's end, which blocks and which the caller closes.
  package func connect() throws(SystemError) -> Int32 {
    var ends: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
      throw SystemError("socketpair")
    }
    let (client, server) = (ends[0], ends[1])
    guard fcntl(server, F_SETFL, O_NONBLOCK) == 0 else {
      let error = SystemError("fcntl")
      for end in ends { close(end) }
      throw error
    }
    let place = Int.random(in: 0..<loops.count)
    let listener = listeners[place]
    loops[place].post { listener.adopt(server) }
    return client
  }
}
