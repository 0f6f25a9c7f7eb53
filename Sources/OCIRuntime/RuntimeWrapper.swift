/// A runtime (runc, crun) whose containers get the views.
package enum RuntimeWrapper {
}
