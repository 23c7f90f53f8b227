#if MUTANTS
  /// Deliberate defects, one active at a time, in a build that is for nothing else: each breaks a promise, and the simulator must
  /// find it. See Protocol/decisions/0031.
  public enum Mutant: String, CaseIterable, Sendable {
    // The law.
    case skipsBaseCheck, takesWithoutRecord, ignoresReview, sumTakesIncoming, maxTakesIncoming, unionTakesIncoming
    case textTakesIncoming, deletesUnseen, insertsOver, forgetsOwner, appendIsEdited, everythingIsContested
    case contestSpreads, removedMemberStays, removedLineStays, extremeCountsBase, sidesAreSwapped, earlierStands
    case rowIsDecidedUnseen
    // What comes in.
    case forgetsScope, forgetsLock, forgetsUnique, forgetsReferences, forgetsChildren, forgetsReceipts, echoesNothing
    case neverReenters, parksNothing, ownerHearsNothing, trustsAnySignature, everythingIsOutOfScope, newsContests
    case contenderCloses, anyCountyDecides, clocksAreTrusted, exceptionsWakeNothing, contendersAreTheCitys
    // What goes out.
    case cursorStepsTooFar, childrenStayBehind, leavingIsSilent, tellsOutsiders, ownEditsAreSilent, stubsStay
    case orphansAreShown, openConflictsAreSilent, contendersAreTold
    // The replica.
    case pullOverwrites, baseMovesWithPull, forgetsUpstream, keepsFlight, keepsPending, keepsIdle, dropsUnsentClash
    case parkedRowIsForgotten, missesReplace, takesOldestImage, sendsBackwards, aliasesEndEarly, sumsAgree
    case takingUpMovesBase, laterBatchDropsParked, editBesideDropsParked, asideComesFirst, addedRowIsNotHeld
    case heldRowHoldsOthers, requestsComeLast, untouchedStays, takenBackTooLateCountsOn, takingUpForgetsRest
    case unsentDeleteIsForgotten
    // Units that are one.
    case successorIsForgotten, successorTakesWhatStays
    // Rows that are one.
    case conflictsStayBehind, formerKeysWaitOn, mergesOnce, writesUnseen, duplicateEmpties
    // Seldom roads.
    case snapshotLacksRows, givesNothingBack, nothingNeedsABackup, upgradeForgetsPending, upgradeIsSilent
    case rejoinForgetsFlight, copiesCountTwice, comparesNothing, staleReadsOn, epochStays, lateIsFork
    case oneBackupIsEnough, gapsStayOut, formerIdIsAnswered, missingIsCounted, snapshotTellsOutsiders
    // Personal data.
    case tombstoneIsNotErased, conflictIsNotErased, walIsNotErased, asideGetsBack, erasureForgetsContesters

    nonisolated(unsafe) public static var active: Mutant?
    public var isActive: Bool { Self.active == self }
  }
#endif
