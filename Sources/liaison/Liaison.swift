import LiaisonServer

/// The server with its first-party plugins.
@main
struct Liaison {
  static func main() async { await LiaisonCommand.run() }
}
