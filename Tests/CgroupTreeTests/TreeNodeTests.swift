@testable import CgroupTree
import FUSE
import Testing

@Suite("Node ids of the tree")
struct TreeNodeTests {
    @Test(arguments: [(1, 1, 0), (33, 2_722_106, 0), (1023, (1 << 39) - 1, (1 << 14) - 1), (0, 7, 5)] as [(UInt16, UInt64, UInt16)])
    func aNumberMeansWhatItWasMadeOf(hierarchy: UInt16, inode: UInt64, file: UInt16) throws {
        let node = try #require(TreeNode(hierarchy: hierarchy, inode: inode, file: file))
        #expect(TreeNode.holds(node.node))
        #expect(TreeNode(node.node) == node)
        #expect((node.hierarchy, node.directory, node.file) == (hierarchy, inode, file))
    }

    @Test func whatDoesNotFitHasNoNumber() {
        #expect(TreeNode(hierarchy: 1, inode: 0) == nil)
        #expect(TreeNode(hierarchy: 1, inode: 1 << 39) == nil)
        #expect(TreeNode(hierarchy: 1 << 10, inode: 1) == nil)
        #expect(TreeNode(hierarchy: 1, inode: 1, file: 1 << 14) == nil)
    }

    @Test func numbersOfTheViewsAreNotOfTheTree() {
        for number: UInt64 in [0, 1, 2, 255, 1 << 28, 0xffff_ffff, 1 << 62] {
            #expect(!TreeNode.holds(NodeID(rawValue: number)))
            #expect(TreeNode(NodeID(rawValue: number)) == nil)
        }
    }

    @Test func theFolderAboveAllHasANumberOfItsOwn() {
        #expect(TreeNode(TreeNode.top.node) == .top)
        // A file of no directory.
        #expect(TreeNode(NodeID(rawValue: 1 << 63 | 5)) == nil)
    }

    @Test func shownInodesTellHierarchiesApartAndFitInto32BitsWhereTheyCan() {
        #expect(TreeNode.shownInode(1, hierarchy: 32) != TreeNode.shownInode(1, hierarchy: 33))
        #expect(TreeNode.shownInode(4_194_303, hierarchy: 255) <= UInt64(UInt32.max))
        // Not those of a view, of which the greatest is a memory node's.
        #expect(TreeNode.shownInode(0, hierarchy: 0) > 3 << 28)
        #expect(TreeNode.shownInode(1 << 22, hierarchy: 32) != TreeNode.shownInode(1 << 22, hierarchy: 33))
    }
}
