import ContextModel
import ContextStore
import MappingCache

/// Shows Redis what the store has committed, a batch in one go, before the calls are answered.
struct CacheAudience: CommitAudience {
  let cache: MappingCache

  func ticket() -> Int64 { cache.ticket().epoch }

  func show(_ commits: [ShownCommit]) {
    for commit in commits {
      cache.write(
        CachedService(commit.mapping), since: CacheTicket(epoch: commit.ticket), commit.release)
    }
  }

  func doubt(_ services: [ServiceID]) { cache.doubt(services) }
}
